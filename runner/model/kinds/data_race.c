/* data_race.c - two threads used the same memory, and nothing orders them. */
#include "runner/model/kinds.h"

#include <stdlib.h>
#include <string.h>

#include "runner/model/memory.h"
#include "runner/model/plumbing.h"
#include "runner/model/words.h"

/* "g_time: ". A long name is cut at its beginning, because C++ names a variable at the end. */
static void add_global(struct buf *out, const char *name)
{
	size_t length = strlen(name), from = 0;
	if (length > WORDS_NAME_MAX)
		from = length - (WORDS_NAME_MAX - 3);
	while (((unsigned char)name[from] & 0xc0) == 0x80)
		from++;
	buf_printf(out, "%s%s: ", from ? "..." : "", name + from);
}

static const char *verb(const struct participant *participant)
{
	return participant->write ? "writes" : "reads";
}

static const char *past(const struct participant *participant)
{
	return participant->write ? "wrote" : "read";
}

static const struct participant *other_side(const struct finding *finding,
					    const struct participant *side)
{
	return &finding->participants[side == finding->participants];
}

/* "freed while in use: f frees what g reads (pkg/m.c:12)". The line is the reader's. */
static void freed_title(struct buf *out, const struct finding *finding,
			const struct participant *freed, const struct roots *roots)
{
	const struct participant *used = other_side(finding, freed);
	bool moved = memory_act(&freed->stack) == MEMORY_MOVED;
	char *by = words_name(&freed->stack, memory_caller(&freed->stack));
	char *user = words_function(&used->stack);
	buf_printf(out, "freed while in use: %s %s what %s %s", by, moved ? "reallocates" : "frees",
		   user, verb(used));
	words_add_location(out, &used->stack, roots);
	free(by);
	free(user);
}

/* The name of the site; of what reallocates, the function that asked for it. To be freed. */
static char *function_of(const struct participant *side)
{
	return memory_act(&side->stack) == MEMORY_MOVED
		       ? words_name(&side->stack, memory_caller(&side->stack))
		       : words_function(&side->stack);
}

static void race_title(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	const struct participant *a, *b;
	if (!words_two_sides(finding, &a, &b)) {
		char *name = finding->participant_count
				     ? words_function(&finding->participants[0].stack)
				     : xstrdup("an unknown place");
		buf_printf(out, "in %s", name);
		free(name);
		return;
	}
	char *first = function_of(a), *second = function_of(b);
	bool same = !strcmp(first, second);
	/*
	 * which of two writers is the first side is chance: sort them, so that the title is the
	 * same
	 */
	bool turned = a->write && b->write && strcmp(first, second) > 0;
	if (same)
		buf_printf(out, "%s %s while another thread %s in %s", first, verb(a), verb(b),
			   a->write && b->write ? "it too" : "it");
	else if (turned)
		buf_printf(out, "%s %s while %s %s", second, verb(b), first, verb(a));
	else
		buf_printf(out, "%s %s while %s %s", first, verb(a), second, verb(b));
	words_add_location(out, turned ? &b->stack : &a->stack, roots);
	free(first);
	free(second);
}

/* "Thread T1 wrote 8 bytes in f (file:12)", "Thread T2 freed the memory in g". */
static void add_act(struct buf *out, const struct participant *participant,
		    const struct roots *roots)
{
	size_t site = site_frame(&participant->stack);
	size_t at = participant->frees ? memory_caller(&participant->stack) : site;
	char *name = words_name(&participant->stack, at);
	if (participant->frees)
		buf_printf(out, "%s %s the memory in %s", participant->thread,
			   memory_act(&participant->stack) == MEMORY_MOVED ? "reallocated"
									   : "freed",
			   name);
	else
		buf_printf(out, "%s %s%s %llu byte%s in %s", participant->thread,
			   participant->atomic ? "atomically " : "", past(participant),
			   (unsigned long long)participant->size, participant->size == 1 ? "" : "s",
			   name);
	if (at == site)
		words_add_location(out, &participant->stack, roots);
	free(name);
}

/* "the critical section of a dict", "the mutex M1". */
static void add_lock_name(struct buf *out, const struct held_lock *lock)
{
	buf_printf(out, "%s%s%s", lock->unknown ? "" : "the ", lock->numbered ? "mutex " : "",
		   lock->name);
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

/* Did the thread hold locks, which ones is not known? */
static bool holds_unknown(const struct participant *participant)
{
	for (size_t i = 0; i < participant->lock_count; i++)
		if (participant->locks[i].unknown)
			return true;
	return false;
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
	if (holds_unknown(a) || holds_unknown(b))
		buf_puts(out,
			 ". There were more locks, or kinds of them, than ftstress can name; but "
			 "ThreadSanitizer has seen no lock that orders the two.");
	else if (a->lock_count && b->lock_count)
		buf_puts(out, ": no lock that both hold, and different ones, even of one kind, "
			      "don't keep them apart.");
	else
		buf_puts(out, ": a lock protects only if both sides hold the same one. Usually the "
			      "cause is that one side does without.");
}

static void add_mixed(struct buf *out, const struct participant *a, const struct participant *b)
{
	bool first = plumbing_mixes_stacks(&a->stack), second = plumbing_mixes_stacks(&b->stack);
	if (!first && !second)
		return;
	buf_printf(out,
		   " %s of several greenlets, one on top of the other: ThreadSanitizer keeps one "
		   "list of calls for each thread, and does not see that greenlet switches the "
		   "thread to another stack. The calls inside of the switch are right; those "
		   "outside of it need not have called them.",
		   first && second ? "Both stacks are"
		   : first         ? "The first stack is"
				   : "The second stack is");
}

static void race_text(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	const struct participant *a, *b;
	if (!words_two_sides(finding, &a, &b)) {
		buf_puts(out, "Two threads used the same memory without anything that orders them; "
			      "ThreadSanitizer kept only one of the stacks.");
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
		buf_puts(out, " One thread freed the memory while the other still used it. In "
			      "another order that is a use after free: by then the memory may hold "
			      "another object.");
	else
		buf_puts(out, " A reader can see an old or half-written value; of two writes, one "
			      "can be lost.");
}

static const char *race_fix(const struct finding *finding)
{
	if (memory_freed_in_use(finding))
		return " Usual fixes: take a strong reference (PyList_GetItemRef and the like) "
		       "before use, under the lock that guards what holds the object, or hold that "
		       "lock on both sides.";
	if (finding->subject.kind == SUBJECT_BUFFER)
		return " The race is on what a buffer holds. Whoever shares a buffer between "
		       "threads has to keep them apart. If the test gave the buffer to both "
		       "threads, that is the test's task, and the package need not lock; if the "
		       "package made the buffer for its own use, it is the package's.";
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

static void title(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	if (finding->subject.global)
		add_global(out, finding->subject.global);
	if (memory_freed_in_use(finding)) {
		freed_title(out, finding, memory_freed_in_use(finding), roots);
		return;
	}
	if (finding->subject.kind == SUBJECT_BUFFER)
		buf_printf(out, "data of %s %s: ", words_article(finding->subject.type),
			   finding->subject.type);
	race_title(out, finding, roots);
}

static void explain(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	race_text(out, finding, roots);
	buf_puts(out, race_fix(finding));
}

const struct finding_kind_info kind_data_race = {
	.name = "data-race",
	.one = "data race",
	.many = "data races",
	.meaning = "Two threads used the same memory at the same time, at least one "
		   "of them to write, and nothing made one wait for the other. What "
		   "is read can be half old and half new, and the compiler may assume "
		   "that this never happens.",
	.explain = explain,
	.title = title,
	.threads = KIND_ACCESSES,
	.rule = RULE_RACE,
	.cell = CELL_RACE,
};
