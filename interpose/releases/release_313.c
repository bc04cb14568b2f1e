/*
 * release_313.c - CPython 3.13: all that the interposer knows of it and not of every release.
 *
 * Include/internal: pycore_runtime.h (the words), pycore_frame.h, pycore_critical_section.h,
 * pycore_lock.h, pycore_dict.h; Include/cpython: pystate.h, code.h, unicodeobject.h;
 * Modules/_threadmodule.c.
 */
#include "interpose/order/order.h"
#include "interpose/python/release.h"

static const struct python_functions functions[] = {
	/* Objects/typeobject.c: reads a type's order of bases under the lock of all types. */
	{ PLACE_READS, "_PyType_GetMRO" },
	{ PLACE_KEYS, "copy_lock_held" },
	{ 0, NULL },
};

/* All but that of slices, which has no counter, and those of the collector's own. */
static const struct python_freelists freelists[] = {
	{ 0, 0, 4, 1 },      /* floats */
	{ 176, 4, 4, 20 },   /* tuples */
	{ 896, 648, 4, 3 },  /* lists, dicts, keys of dicts */
	{ 2216, 648, 4, 3 }, /* contexts, values and sends of asynchronous generators */
	{ 0, 0, 0, 0 },
};

const struct python_release release_313 = {
	.major = 3,
	.minor = 13,
	.semaphores = true,
	.locks_cells = true, /* Include/internal/pycore_cell.h */
	.functions = functions,
	.freelists = freelists,
};
