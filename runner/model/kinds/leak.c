/* leak.c - what was never given back: threads that ThreadSanitizer reports as leaked. */
#include "runner/model/kinds.h"

static const char *const reports[] = { "thread-leak", NULL };

const struct finding_kind_info kind_leak = {
	.name = "leak",
	.one = "leak",
	.many = "leaks",
	.meaning = "Memory was never given back.",
	.text = "Memory from this place was never given back, more of it with each iteration. "
		"Usual cause: a missing Py_DECREF, often on an error path or when two threads "
		"create the same thing and one result is dropped.",
	.heading = "Leak: memory allocated",
	.rule = RULE_THREAD,
	.reports = reports,
	.allocation = true,
};
