/* use_after_free.c - one thread gave memory back while another one used it. */
#include "runner/model/kinds.h"

#include <stdlib.h>
#include <string.h>

#include "runner/model/memory.h"
#include "runner/model/race_words.h"
#include "runner/model/words.h"

static const char *const reports[] = { "heap-use-after-free", NULL };

/* The side that frees and the one that uses; false: one of the two is not known. */
static bool sides(const struct finding *finding, const struct participant **freed,
		  const struct participant **used)
{
	*freed = memory_freed_in_use(finding);
	if (*freed)
		*used = &finding->participants[*freed == finding->participants];
	return *freed != NULL;
}

static bool is_moved(const struct participant *freed)
{
	return memory_act(&freed->stack) == MEMORY_MOVED ||
	       memory_c_act(&freed->stack) == MEMORY_MOVED;
}

/*
 * "a list is freed by drop while g reads it (pkg/m.c:12)", or, where it is known to be gone by then, "g
 * reads a list that drop has freed (pkg/m.c:12)". The line is the reader's.
 */
static void title(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	const struct participant *freed, *used;
	if (!sides(finding, &freed, &used)) {
		words_add_single(out, "Memory is used after it was freed", finding, roots);
		return;
	}
	char *by = words_name(&freed->stack, memory_caller(&freed->stack));
	char *user = words_function(&used->stack);
	if (used->late) {
		buf_printf(out, "%s %s ", user, race_words_verb(used));
		words_add_object(out, &finding->subject);
		buf_printf(out, " that %s has %s", by, is_moved(freed) ? "moved" : "freed");
	} else {
		words_add_object(out, &finding->subject);
		buf_printf(out, " is %s by %s while %s %s it", is_moved(freed) ? "moved" : "freed",
			   by, user, race_words_verb(used));
	}
	words_add_location(out, &used->stack, roots);
	free(by);
	free(user);
}

/* "Thread T2 freed it in list_dealloc (listobject.c:560), at app.py:12 in drop". */
static void add_end(struct buf *out, const struct participant *freed, const struct roots *roots)
{
	size_t at = memory_caller(&freed->stack);
	char *name = words_name(&freed->stack, at);
	buf_printf(out, "%s %s it in %s", freed->thread, is_moved(freed) ? "moved" : "freed", name);
	if (at < freed->stack.count)
		words_add_frame(out, &freed->stack.frames[at], roots);
	words_add_line(out, &freed->stack, at, roots);
	free(name);
}

/*
 * The memory was gone when it was used. That needs no second thread, and no order of two would mend it.
 */
static void explain_late(struct buf *out, const struct participant *freed,
			 const struct participant *used, const struct roots *roots)
{
	bool same = !strcmp(freed->thread, used->thread);
	buf_puts(out, "By then the memory was free: ");
	add_end(out, freed, roots);
	buf_printf(
		out,
		" before%s. Only because freed memory is kept for a while here (--memory=deep) it "
		"was nobody else's yet. What such a use reads or destroys without that, shows "
		"anywhere: look at this finding before crashes, and before races on objects that "
		"have nothing to do with one another.",
		same ? ", the same thread" : "");
	if (!same)
		race_words_mixed(out, used, freed);
}

static void explain(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	const struct participant *freed, *used = NULL;
	if (!sides(finding, &freed, &used)) {
		buf_puts(out, "Memory was used after it had been freed; ThreadSanitizer kept only "
			      "one of the stacks.");
	} else {
		race_words_act(out, used, roots);
		if (finding->subject.description)
			buf_printf(out, ": %s", finding->subject.description);
		buf_puts(out, ". ");
	}
	if (used && used->late) {
		explain_late(out, freed, used, roots);
	} else if (used) {
		add_end(out, freed, roots);
		buf_puts(out,
			 ", and nothing made it wait until the other one was done: in this run "
			 "or another, the memory holds something else by then. What that does "
			 "shows anywhere: look at this finding before crashes, and before races "
			 "on objects that have nothing to do with one another.");
		race_words_locks(out, used, freed);
		race_words_mixed(out, used, freed);
	}
	buf_puts(out, finding->rules ? finding->rules : "");
	buf_puts(out, " Usual fixes: take a strong reference (PyList_GetItemRef and the like) "
		      "before use, under the lock that guards what holds the object, or hold that "
		      "lock on both sides.");
}

const struct finding_kind_info kind_use_after_free = {
	.name = "use-after-free",
	.one = "use after free",
	.many = "uses after free",
	.meaning = "Memory was given back while another thread still used it, or was used "
		   "afterwards. By then it may be another object's.",
	.explain = explain,
	.title = title,
	.threads = KIND_ACCESSES,
	.rule = RULE_RACE,
	.reports = reports,
	.cell = CELL_RACE,
};
