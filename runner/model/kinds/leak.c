/* leak.c - what was never given back: memory of Python's heap that grows with each round of a test
 * (interpose/memory/leaks.c), and threads that ThreadSanitizer reports as leaked. */
#include "runner/model/kinds.h"

#include <stdlib.h>
#include <string.h>

#include "runner/model/words.h"

static const char *const reports[] = { "object-leak", "thread-leak", NULL };

/* "Leak: a list made by fill (app.py:12)". */
static void title(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	if (!finding->variable || !finding->participant_count) {
		words_add_single(out, "Leak: memory allocated", finding, roots);
		return;
	}
	const struct stack *stack = &finding->participants[0].stack;
	char *name = words_function(stack);
	buf_puts(out, "Leak: ");
	words_add_object(out, &finding->subject);
	buf_printf(out, " made by %s is never freed", name);
	words_add_location(out, stack, roots);
	free(name);
}

/* "4 with each round in 4 threads, and none alone". The variable has the four numbers. */
static void add_growth(struct buf *out, const char *variable)
{
	char *text = xstrdup(variable), *rest = text;
	const char *words[4] = { "0", "0", "1", "0" };
	for (size_t i = 0; i < 4 && rest; i++)
		words[i] = strsep(&rest, "\t");
	const char *together = words[0], *alone = words[1], *threads = words[2];
	bool both = strcmp(threads, "1") != 0;
	if (!both)
		buf_printf(out, "There are %s more of them with each round of the test", together);
	else if (!strcmp(alone, "0"))
		buf_printf(out,
			   "There are %s more of them with each round of the test in %s threads, "
			   "and none more with each round in one: only threads that overlap or "
			   "follow each other lose them",
			   together, threads);
	else if (!strcmp(together, "0"))
		buf_printf(out,
			   "There are %s more of them with each round of the test in one thread, "
			   "and not steadily more in %s",
			   alone, threads);
	else
		buf_printf(out,
			   "There are %s more of them with each round of the test in %s threads, "
			   "and %s more with each round in one: it needs no threads",
			   together, threads, alone);
	buf_printf(out, " (%s rounds counted, after some that fill caches). ", words[3]);
	free(text);
}

static void explain(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	(void)roots;
	if (finding->subject.description)
		buf_printf(out, "About %s. ", finding->subject.description);
	if (finding->variable)
		add_growth(out, finding->variable);
	else
		buf_puts(out, "What comes from this place was never given back. ");
	buf_puts(out,
		 "Usual causes: a missing Py_DECREF, often on an error path, or when two threads "
		 "make the same thing and one result is dropped; a reference too many (Py_NewRef, "
		 "Py_INCREF before a function that takes one itself); a list, dict or cache that "
		 "keeps what each call adds.");
}

const struct finding_kind_info kind_leak = {
	.name = "leak",
	.one = "leak",
	.many = "leaks",
	.meaning = "Memory was never given back.",
	.explain = explain,
	.title = title,
	.rule = RULE_THREAD,
	.reports = reports,
	.allocation = true,
	.level = LEVEL_WARNING,
};
