/* explain.c - see explain.h. */
#include "runner/model/explain.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runner/model/memory.h"
#include "runner/base/util.h"
#include "runner/model/plumbing.h"

enum { NAME_MAX_LENGTH = 70 };

/* ---- words ---- */

/* A function's name for a title: no argument list, not too long. */
static char *name_at(const struct stack *stack, size_t at)
{
	if (at >= stack->count)
		return xstrdup("an unknown function");
	const char *name = stack->frames[at].function;
	size_t length = strcspn(name, "(");
	if (!length)
		length = strlen(name);
	if (length <= NAME_MAX_LENGTH)
		return xstrndup(name, length);
	while (length > NAME_MAX_LENGTH - 3 || ((unsigned char)name[length] & 0xc0) == 0x80)
		length--;
	return xprintf("%.*s...", (int)length, name);
}

static char *function_name(const struct stack *stack)
{
	return name_at(stack, site_frame(stack));
}

/* "g_time: "; of a long name the end, where C++ has the variable. */
static void add_global(struct buf *out, const char *name)
{
	size_t length = strlen(name), from = 0;
	if (length > NAME_MAX_LENGTH)
		from = length - (NAME_MAX_LENGTH - 3);
	while (((unsigned char)name[from] & 0xc0) == 0x80)
		from++;
	buf_printf(out, "%s%s: ", from ? "..." : "", name + from);
}

/* "data of a bytearray: " of "byte 8 of the data of a bytearray". */
static void add_buffer(struct buf *out, const char *description)
{
	const char *of = strstr(description, FINDING_DATA_OF);
	if (of)
		buf_printf(out, "data of %s: ", of + strlen(FINDING_DATA_OF));
}

/* "numpy/random/_mt19937.pyx:186"; to be freed, or NULL. */
static char *location(const struct stack *stack, const struct roots *roots)
{
	size_t at = site_frame(stack);
	if (at == SITE_NONE || !stack->frames[at].file)
		return NULL;
	char *path = short_path(stack->frames[at].file, roots);
	char *text = stack->frames[at].line ? xprintf("%s:%d", path, stack->frames[at].line)
					    : xstrdup(path);
	free(path);
	return text;
}

/* " (location)" or nothing. */
static void add_location(struct buf *out, const struct stack *stack, const struct roots *roots)
{
	char *where = location(stack, roots);
	if (where)
		buf_printf(out, " (%s)", where);
	free(where);
}

static const char *verb(const struct participant *participant)
{
	return participant->write ? "writes" : "reads";
}

static const char *past(const struct participant *participant)
{
	return participant->write ? "wrote" : "read";
}

/* The two sides of a race, the writer first. */
static bool two_sides(const struct finding *finding, const struct participant **first,
		      const struct participant **second)
{
	if (finding->participant_count < 2)
		return false;
	*first = &finding->participants[0];
	*second = &finding->participants[1];
	if (!(*first)->write && (*second)->write) {
		const struct participant *swap = *first;
		*first = *second;
		*second = swap;
	}
	return true;
}

/* ---- titles ---- */

static const struct participant *other_side(const struct finding *finding,
					    const struct participant *side)
{
	return &finding->participants[side == finding->participants];
}

/* "freed while in use: f frees what g reads (pkg/m.c:12)", with the line of the use. */
static void freed_title(struct buf *out, const struct finding *finding,
			const struct participant *freed, const struct roots *roots)
{
	const struct participant *used = other_side(finding, freed);
	bool moved = memory_act(&freed->stack) == MEMORY_MOVED;
	char *by = name_at(&freed->stack, memory_caller(&freed->stack));
	char *user = function_name(&used->stack);
	buf_printf(out, "freed while in use: %s %s what %s %s", by, moved ? "reallocates" : "frees",
		   user, verb(used));
	add_location(out, &used->stack, roots);
	free(by);
	free(user);
}

static void race_title(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	const struct participant *a, *b;
	if (!two_sides(finding, &a, &b)) {
		char *name = finding->participant_count
				     ? function_name(&finding->participants[0].stack)
				     : xstrdup("an unknown place");
		buf_printf(out, "in %s", name);
		free(name);
		return;
	}
	char *first = function_name(&a->stack), *second = function_name(&b->stack);
	bool same = !strcmp(first, second);
	/* two writers: the order of the sides is chance, the title is not to be */
	bool turned = a->write && b->write && strcmp(first, second) > 0;
	if (same)
		buf_printf(out, "%s %s while another thread %s in %s", first, verb(a), verb(b),
			   a->write && b->write ? "it too" : "it");
	else if (turned)
		buf_printf(out, "%s %s while %s %s", second, verb(b), first, verb(a));
	else
		buf_printf(out, "%s %s while %s %s", first, verb(a), second, verb(b));
	add_location(out, turned ? &b->stack : &a->stack, roots);
	free(first);
	free(second);
}

static void single_title(struct buf *out, const char *before, const struct finding *finding,
			 const struct roots *roots)
{
	const struct stack *stack =
		finding->participant_count ? &finding->participants[0].stack : NULL;
	if (!stack || !stack->count) {
		buf_puts(out, before);
		return;
	}
	char *name = function_name(stack);
	buf_printf(out, "%s in %s", before, name);
	add_location(out, stack, roots);
	free(name);
}

/* The names of the report types of compiler-rt's tsan_debugging.cpp, for people. */
static const char *type_title(const char *what)
{
	static const char *const names[][2] = {
		{ "lock-order-inversion", "Lock order: a cycle that can deadlock" },
		{ "mutex-double-lock", "Lock misuse: locked twice by one thread" },
		{ "mutex-bad-unlock", "Lock misuse: unlocked without being locked by this thread" },
		{ "mutex-bad-read-lock", "Lock misuse: read-locked while write-locked" },
		{ "mutex-bad-read-unlock", "Lock misuse: read-unlocked while write-locked" },
		{ "mutex-invalid-access", "Lock misuse: a mutex that was destroyed or never made" },
		{ "locked-mutex-destroy", "Lock misuse: destroyed while locked" },
		{ "thread-leak", "Thread leak: a thread was neither joined nor detached" },
		{ "signal-unsafe-call", "Signal handler: a call that is not async-signal-safe" },
		{ "errno-in-signal-handler", "Signal handler: errno is overwritten" },
	};
	for (size_t i = 0; what && i < sizeof names / sizeof *names; i++) {
		if (!strcmp(what, names[i][0]))
			return names[i][1];
	}
	return NULL;
}

static void lock_title(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	const struct participant *a, *b;
	if (!two_sides(finding, &a, &b)) {
		single_title(out, "Lock order: a cycle that can deadlock", finding, roots);
		return;
	}
	char *first = function_name(&a->stack), *second = function_name(&b->stack);
	if (strcmp(first, second) > 0) {
		char *swap = first;
		first = second;
		second = swap;
	}
	buf_printf(out, "Lock order: %s and %s take the same locks in opposite order", first,
		   second);
	free(first);
	free(second);
}

static void title_of_kind(struct buf *out, const struct finding *finding, const char *what,
			  const struct roots *roots)
{
	switch (finding->kind) {
	case FINDING_DATA_RACE:
		if (finding->subject.global)
			add_global(out, finding->subject.global);
		if (memory_freed_in_use(finding)) {
			freed_title(out, finding, memory_freed_in_use(finding), roots);
			break;
		}
		if (finding_is_in_buffer(finding))
			add_buffer(out, finding->subject.description);
		race_title(out, finding, roots);
		break;
	case FINDING_PYTHON_RACE:
		if (what && *what)
			buf_printf(out, "%s: ", what);
		race_title(out, finding, roots);
		break;
	case FINDING_LOCK_ORDER:
		lock_title(out, finding, roots);
		break;
	case FINDING_DEADLOCK:
		single_title(out, "Deadlock", finding, roots);
		break;
	case FINDING_HANG:
		single_title(out, "Hang: no progress", finding, roots);
		break;
	case FINDING_USE_AFTER_FREE:
		single_title(out, "Use after free", finding, roots);
		break;
	case FINDING_DOUBLE_FREE:
		single_title(out, "Double free", finding, roots);
		break;
	case FINDING_REFCOUNT:
		single_title(out, "Reference count error", finding, roots);
		break;
	case FINDING_LEAK:
		single_title(out, "Leak: memory allocated", finding, roots);
		break;
	case FINDING_CRASH:
		single_title(out, "Crash", finding, roots);
		break;
	default:
		single_title(out, finding_kind_name(finding->kind), finding, roots);
	}
}

char *explain_title(const struct finding *finding, const char *what, const struct roots *roots)
{
	struct buf out = { 0 };
	const char *type = type_title(what);
	if (type)
		single_title(&out, type, finding, roots);
	else
		title_of_kind(&out, finding, what, roots);
	return buf_take(&out);
}

/* ---- paragraphs ---- */

/* "Thread T1 wrote 8 bytes in f (file:12)". */
static void add_act(struct buf *out, const struct participant *participant,
		    const struct roots *roots)
{
	char *name = function_name(&participant->stack);
	buf_printf(out, "%s %s%s %llu byte%s in %s", participant->thread,
		   participant->atomic ? "atomically " : "", past(participant),
		   (unsigned long long)participant->size, participant->size == 1 ? "" : "s", name);
	add_location(out, &participant->stack, roots);
	free(name);
}

/* "the critical section of a dict", "the lock M1": the name without an address. */
static void add_lock_name(struct buf *out, const struct held_lock *lock)
{
	size_t length = strcspn(lock->name, "(");
	while (length && lock->name[length - 1] == ' ')
		length--;
	bool numbered = lock->name[0] == 'M' && lock->name[1] >= '0' && lock->name[1] <= '9';
	buf_printf(out, "the %s%.*s", numbered ? "mutex " : "", (int)length, lock->name);
}

static void add_lock_names(struct buf *out, const struct participant *participant)
{
	buf_printf(out, "%s held ", participant->thread);
	for (size_t i = 0; i < participant->lock_count; i++) {
		if (i)
			buf_puts(out, i + 1 == participant->lock_count ? " and " : ", ");
		add_lock_name(out, &participant->locks[i]);
	}
	if (!participant->lock_count)
		buf_puts(out,
			 participant->all_locks ? "no lock" : "none that ThreadSanitizer knows");
}

/* One sentence on the locks of both sides. */
static void add_locks(struct buf *out, const struct participant *a, const struct participant *b)
{
	bool all = a->all_locks && b->all_locks;
	if (!a->lock_count && !b->lock_count) {
		buf_puts(out, all ? " Neither thread held a lock of any kind."
				  : " Neither thread held a lock that ThreadSanitizer knows.");
		return;
	}
	buf_puts(out, " ");
	add_lock_names(out, a);
	buf_puts(out, "; ");
	add_lock_names(out, b);
	if (a->lock_count && b->lock_count)
		buf_puts(out, ": no lock that both hold, and different ones, even of one kind, "
			      "don't keep them apart.");
	else
		buf_puts(out, ": a lock protects only when both sides take it. That one side "
			      "does without is the usual cause.");
}

static void add_mixed(struct buf *out, const struct participant *a, const struct participant *b)
{
	bool first = plumbing_mixes_stacks(&a->stack), second = plumbing_mixes_stacks(&b->stack);
	if (!first && !second)
		return;
	buf_printf(out,
		   " %s of several greenlets, one over the other: ThreadSanitizer keeps one list "
		   "of calls for each thread and does not see that the thread changes its stack. "
		   "The innermost calls are right; those outside of the switch need not have "
		   "called them.",
		   first && second ? "Both stacks are"
		   : first         ? "The first stack is"
				   : "The second stack is");
}

static void race_text(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	const struct participant *a, *b;
	if (!two_sides(finding, &a, &b)) {
		buf_puts(out, "Two threads used the same memory without anything that orders them; "
			      "only one of the stacks could be kept.");
		return;
	}
	add_act(out, a, roots);
	buf_puts(out, ", and ");
	add_act(out, b, roots);
	if (finding->subject.description)
		buf_printf(out, ", both in the same memory: %s", finding->subject.description);
	else
		buf_puts(out, ", both in the same memory");
	buf_puts(out, ". Nothing orders the two: no lock that both hold, and no start, join, event "
		      "or queue between them. So they can happen in either order or at the same "
		      "time, in this run or another.");
	add_locks(out, a, b);
	if (!a->stack.count || !b->stack.count)
		buf_puts(out,
			 " The older side's stack was no longer in ThreadSanitizer's history.");
	add_mixed(out, a, b);
	if (memory_freed_in_use(finding))
		buf_puts(out, " One of the two is the allocator's own: the memory was given back "
			      "while the other thread still used it. In another order that is a "
			      "use after free: the object may be somebody else's by then.");
	else
		buf_puts(out, " A reader can see a half-made or old value, and of two writers one "
			      "is lost.");
}

static const char *race_fix(const struct finding *finding)
{
	if (memory_freed_in_use(finding))
		return " Usual fixes: take a strong reference (PyList_GetItemRef and the like) "
		       "before use, under the lock that guards what holds the object, or hold that "
		       "lock on both sides.";
	if (finding_is_in_buffer(finding))
		return " It is what a buffer holds: who shares a buffer between threads keeps "
		       "them apart. If the test gave it to both, that is the test's to do, and "
		       "the package need not lock; if the package made it for itself, it is "
		       "the package's.";
	bool python = finding->participant_count > 0;
	for (size_t i = 0; i < finding->participant_count; i++) {
		size_t at = site_frame(&finding->participants[i].stack);
		python = python && at != SITE_NONE &&
			 finding->participants[i].stack.frames[at].language == FRAME_PYTHON;
	}
	if (python)
		return " Usual fixes: hold one threading.Lock around all uses, give each thread "
		       "its own object, or pass it through a queue.";
	return " Usual fixes: take the same lock on both sides (a critical section on the object, "
	       "Py_BEGIN_CRITICAL_SECTION, or a PyMutex), use atomic loads and stores, or don't "
	       "share the object between threads.";
}

static void python_race_text(struct buf *out, const struct finding *finding, const char *what,
			     const struct roots *roots)
{
	const struct participant *a, *b;
	buf_printf(out, "Two threads used %s without synchronisation", what ? what : "a variable");
	if (two_sides(finding, &a, &b)) {
		char *first = function_name(&a->stack), *second = function_name(&b->stack);
		buf_printf(out, ": %s %s it in %s", a->thread, past(a), first);
		add_location(out, &a->stack, roots);
		buf_printf(out, " and %s %s it in %s", b->thread, past(b), second);
		add_location(out, &b->stack, roots);
		free(first);
		free(second);
	}
	buf_puts(out, ". The interpreter keeps its own memory intact, but no lock, event, queue, "
		      "start or join of the program orders the two, so an update can be lost: "
		      "x += 1 is a read and a later write.");
}

/* The kinds whose paragraph does not depend on who did what. */
static const char *const plain_texts[FINDING_KINDS] = {
	[FINDING_LOCK_ORDER] =
		"Locks were taken in one order here and in the opposite order there. It did not "
		"have to hang in this run: when two threads do it at the same time, each waits "
		"for the lock that the other holds, for ever. Usual fixes: take the locks in one "
		"order everywhere, or don't call out while holding one.",
	[FINDING_DEADLOCK] =
		"The threads wait for each other: each holds what another needs, so none can go "
		"on. Usual fixes: take the locks in one order everywhere, or release a lock "
		"before waiting for something else.",
	[FINDING_HANG] =
		"Nothing moved for the time allowed, so the process was stopped and its stacks "
		"were taken. Look for a thread that waits for something that no running thread "
		"will do.",
	[FINDING_USE_AFTER_FREE] =
		"Memory was used after it had been freed. With threads this often is a borrowed "
		"reference: one thread drops the last reference while another still uses the "
		"object. Usual fixes: take a strong reference (PyList_GetItemRef and the like) "
		"before use, under the lock that guards the container.",
	[FINDING_DOUBLE_FREE] =
		"The same block was freed twice. Usual cause: two threads both saw that it was "
		"theirs to free. Usual fixes: swap the pointer for NULL atomically, or under a "
		"lock, and free what the swap returned.",
	[FINDING_REFCOUNT] =
		"A reference count went wrong here. This is where it shows, not always where the "
		"mistake is: look for a Py_DECREF too many or a missing Py_INCREF on this object "
		"in the code that both threads run.",
	[FINDING_LEAK] =
		"Memory from this place was never given back, more of it with each iteration. "
		"Usual cause: a missing Py_DECREF, often on an error path or when two threads "
		"create the same thing and one result is dropped.",
	[FINDING_CRASH] =
		"The process was ended by a fatal signal. Under threads this is most often "
		"memory that another thread freed or changed: see whether a data race among the "
		"findings touches the same function.",
	[FINDING_OUT_OF_MEMORY] =
		"The process grew beyond its limit of resident memory and was ended by ftstress. "
		"A test that is heavy alone is that many times as heavy in threads; mark it "
		"unsafe in the suite if that is all.",
	[FINDING_TEST_FAILURE] =
		"The test passes when its threads run it one after the other, and fails when "
		"they do so at once. Either the code under test is not thread-safe, or the test "
		"itself shares something (a file, a global, a fixture) between threads.",
	[FINDING_GIL_ENABLED] =
		"Importing this module switched the GIL back on for the whole process, so "
		"from then on nothing ran in parallel and races could not show. The module "
		"does not declare Py_mod_gil = Py_MOD_GIL_NOT_USED. There are two ways to test on: "
		"--gil off keeps the GIL off, as PYTHON_GIL=0 does, and shows what the module does "
		"without it; with --gil mixed the tests that import it run apart, with the GIL, "
		"and all others without.",
};

static const char *plain_text(enum finding_kind kind)
{
	return kind < FINDING_KINDS ? plain_texts[kind] : NULL;
}

static void misuse_text(struct buf *out, const char *type)
{
	buf_printf(out,
		   "%s. ThreadSanitizer saw a call that its rules don't allow; the stack shows "
		   "where.",
		   type);
}

char *explain_text(const struct finding *finding, const char *what, const struct roots *roots)
{
	struct buf out = { 0 };
	const char *plain = plain_text(finding->kind);
	const char *type = type_title(what);
	if (type && strncmp(type, "Lock order", 10) != 0) {
		misuse_text(&out, type);
	} else if (finding->kind == FINDING_DATA_RACE) {
		race_text(&out, finding, roots);
		buf_puts(&out, race_fix(finding));
	} else if (finding->kind == FINDING_PYTHON_RACE) {
		python_race_text(&out, finding, what, roots);
		buf_puts(&out, race_fix(finding));
	} else {
		if (finding->subject.description && plain)
			buf_printf(&out, "About %s. ", finding->subject.description);
		buf_puts(&out, plain ? plain : "");
	}
	return buf_take(&out);
}
