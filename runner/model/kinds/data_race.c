/* data_race.c - two threads used the same memory, and nothing orders them. */
#include "runner/model/kinds.h"

#include <stdlib.h>
#include <string.h>

#include "runner/model/memory.h"
#include "runner/model/race_words.h"
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
		buf_printf(out, "%s %s while another thread %s in %s", first, race_words_verb(a),
			   race_words_verb(b), a->write && b->write ? "it too" : "it");
	else if (turned)
		buf_printf(out, "%s %s while %s %s", second, race_words_verb(b), first,
			   race_words_verb(a));
	else
		buf_printf(out, "%s %s while %s %s", first, race_words_verb(a), second,
			   race_words_verb(b));
	words_add_location(out, turned ? &b->stack : &a->stack, roots);
	free(first);
	free(second);
}

static void race_text(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	const struct participant *a, *b;
	if (!words_two_sides(finding, &a, &b)) {
		buf_puts(out, "Two threads used the same memory without anything that orders them; "
			      "ThreadSanitizer kept only one of the stacks.");
		return;
	}
	race_words_act(out, a, roots);
	buf_puts(out, ", and ");
	race_words_act(out, b, roots);
	if (finding->subject.description)
		buf_printf(out, ", both in the same memory: %s", finding->subject.description);
	else
		buf_puts(out, ", both in the same memory");
	buf_puts(out, ". Nothing orders the two: no lock that both hold, and no start, join, event "
		      "or queue between them. So they can happen in either order or at the same "
		      "time, in this run or another.");
	race_words_locks(out, a, b);
	if (!a->stack.count || !b->stack.count)
		buf_puts(out,
			 " The older side's stack was no longer in ThreadSanitizer's history.");
	race_words_mixed(out, a, b);
	buf_puts(out, " A reader can see an old or half-written value; of two writes, one can be "
		      "lost.");
}

/* A static type that its module has not made ready: who uses it first does. */
static bool makes_type_ready(const struct finding *finding)
{
	bool ready = false;
	for (size_t i = 0; i < finding->participant_count; i++) {
		const struct stack *stack = &finding->participants[i].stack;
		for (size_t k = 0; k < stack->count; k++)
			ready = ready || !strcmp(stack->frames[k].function, "PyType_Ready");
	}
	return ready && finding->subject.kind == SUBJECT_GLOBAL;
}

/* Is it about an object's counts, and does a side write there with no atomic operation, not the interpreter's? */
static bool writes_count(const struct finding *finding)
{
	bool plain = false;
	for (size_t i = 0; i < finding->participant_count; i++) {
		const struct participant *side = &finding->participants[i];
		plain = plain || (side->write && !side->atomic && !side->frees &&
				  !memory_is_interpreters(side));
	}
	return plain && finding->subject.kind == SUBJECT_OBJECT && finding->subject.member &&
	       !strncmp(finding->subject.member, "ob_ref_", 7);
}

static const char *race_fix(const struct finding *finding)
{
	if (writes_count(finding))
		return " It is the reference count of the object that is written to, with no atomic "
		       "operation: what another thread counts at that time is lost. Usual fix: count "
		       "with Py_INCREF() and Py_DECREF() alone, and use Py_SET_REFCNT() for no object "
		       "that another thread can have.";
	if (makes_type_ready(finding))
		return " The type is made ready by the thread that uses it first, while another one "
		       "uses it. Usual fix: call PyType_Ready() for it when the module is imported, "
		       "or make it there with PyType_FromModuleAndSpec().";
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
	if (finding->subject.kind == SUBJECT_BUFFER)
		buf_printf(out, "data of %s %s: ", words_article(finding->subject.type),
			   finding->subject.type);
	race_title(out, finding, roots);
}

static void explain(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	race_text(out, finding, roots);
	buf_puts(out, finding->rules ? finding->rules : "");
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
