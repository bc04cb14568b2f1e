/* bad_free.c - memory given back to an allocator that it is not of (interpose/memory/freed.c). */
#include "runner/model/kinds.h"

#include <stdlib.h>

#include "runner/model/words.h"

static const char *const reports[] = { "bad-free", NULL };

/* "box_close calls PyMem_Free() for a block of malloc() (box.c:12)" */
static void title(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	if (!finding->participant_count) {
		buf_puts(out, "memory is freed by the wrong function");
		return;
	}
	const struct participant *side = &finding->participants[0];
	char *name = words_function(&side->stack);
	buf_printf(out, "%s %s", name, side->role);
	words_add_location(out, &side->stack, roots);
	free(name);
}

const struct finding_kind_info kind_bad_free = {
	.name = "bad-free",
	.one = "wrong free",
	.many = "wrong frees",
	.meaning = "Memory was given back to an allocator that it does not belong to.",
	.text = "What PyMem_Malloc() gave goes back to PyMem_Free(), what PyObject_Malloc() gave to "
		"PyObject_Free(), what PyMem_RawMalloc() gave to PyMem_RawFree(), and what malloc() gave "
		"to free(), each with the pointer that was given. Between PyMem and PyObject it may go "
		"well for now; a debug build of Python ends the process there. Any other mix corrupts "
		"one of the heaps.",
	.title = title,
	.rule = RULE_RACE,
	.reports = reports,
};
