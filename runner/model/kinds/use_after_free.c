/* use_after_free.c - memory used after it was given back, as ThreadSanitizer saw it. */
#include "runner/model/kinds.h"

static const char *const reports[] = { "heap-use-after-free", NULL };

const struct finding_kind_info kind_use_after_free = {
	.name = "use-after-free",
	.one = "use after free",
	.many = "uses after free",
	.meaning = "Memory was used after it had been given back.",
	.text = "Memory was used after it had been freed. With threads this often is a borrowed "
		"reference: one thread drops the last reference while another still uses the "
		"object. Usual fixes: take a strong reference (PyList_GetItemRef and the like) "
		"before use, under the lock that guards the container.",
	.heading = "Use after free",
	.threads = KIND_ACCESSES,
	.rule = RULE_RACE,
	.reports = reports,
};
