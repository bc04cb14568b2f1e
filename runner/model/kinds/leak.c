/* leak.c - what was never given back: memory of Python's heap that grows with each round of a test
 * (interpose/memory/leaks.c), and threads that ThreadSanitizer reports as leaked. */
#include "runner/model/kinds.h"

#include <stdlib.h>
#include <string.h>

#include "runner/model/words.h"

static const char *const reports[] = { "object-leak", "reference-growth", "thread-leak", NULL };

static const char of_references[] = "reference-growth";

static bool is_of_references(const struct finding *finding)
{
	return finding->pattern &&
	       !strncmp(finding->pattern, of_references, sizeof of_references - 1);
}

/* The type to which there are more references; NULL: the object is no type. */
static const char *type_name(const struct finding *finding)
{
	const char *name = strchr(finding->pattern, '\t');
	return name ? name + 1 : NULL;
}

/* "Leak: ever more references to a list object made by fill (app.py:12)". */
static void reference_title(struct buf *out, const struct finding *finding,
			    const struct roots *roots)
{
	const struct stack *stack = &finding->participants[0].stack;
	buf_puts(out, "Leak: ever more references to ");
	if (type_name(finding)) {
		buf_printf(out, "the type %s", type_name(finding));
		return;
	}
	char *name = words_function(stack);
	words_add_object(out, &finding->subject);
	buf_printf(out, " made by %s", name);
	words_add_location(out, stack, roots);
	free(name);
}

/* "Leak: a list made by fill (app.py:12)". */
static void title(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	if (!finding->variable || !finding->participant_count) {
		words_add_single(out, "Leak: memory allocated", finding, roots);
		return;
	}
	if (is_of_references(finding)) {
		reference_title(out, finding, roots);
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
static void add_growth(struct buf *out, const char *variable, const char *of)
{
	char *text = xstrdup(variable), *rest = text;
	const char *words[4] = { "0", "0", "1", "0" };
	for (size_t i = 0; i < 4 && rest; i++)
		words[i] = strsep(&rest, "\t");
	const char *together = words[0], *alone = words[1], *threads = words[2];
	bool both = strcmp(threads, "1") != 0;
	if (!both)
		buf_printf(out, "There are %s more %s with each round of the test", together, of);
	else if (!strcmp(alone, "0"))
		buf_printf(out,
			   "There are %s more %s with each round of the test in %s threads, "
			   "and none more with each round in one: only threads that overlap or "
			   "follow each other lose them",
			   together, of, threads);
	else if (!strcmp(together, "0"))
		buf_printf(out,
			   "There are %s more %s with each round of the test in one thread, "
			   "and not steadily more in %s",
			   alone, of, threads);
	else
		buf_printf(out,
			   "There are %s more %s with each round of the test in %s threads, "
			   "and %s more with each round in one: it needs no threads",
			   together, of, threads, alone);
	buf_printf(out, " (%s rounds counted, after some that fill caches). ", words[3]);
	free(text);
}

static void explain(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	(void)roots;
	if (finding->subject.description)
		buf_printf(out, "About %s. ", finding->subject.description);
	if (finding->variable)
		add_growth(out, finding->variable,
			   is_of_references(finding) ? "references to it" : "of them");
	else
		buf_puts(out, "What comes from this place was never given back. ");
	if (is_of_references(finding)) {
		buf_puts(out,
			 "What holds them takes no more memory, so most likely nobody has them "
			 "any more: they were taken, and are never dropped. The object is never "
			 "freed. Usual causes: a missing Py_DECREF, often on an error path; "
			 "Py_NewRef or Py_INCREF before a function that takes a reference itself "
			 "(PyModule_AddObjectRef, PyList_Append); a type whose tp_dealloc does not "
			 "drop the type.");
		return;
	}
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
