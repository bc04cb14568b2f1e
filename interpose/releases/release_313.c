/*
 * release_313.c - CPython 3.13: all that the interposer knows of it and not of every release.
 *
 * Include/internal: pycore_runtime.h (the words), pycore_frame.h, pycore_critical_section.h,
 * pycore_lock.h, pycore_dict.h; Include/cpython: pystate.h, code.h, unicodeobject.h;
 * Modules/_threadmodule.c.
 */
#include "interpose/order/order.h"
#include "interpose/python/release.h"

#define RELEASE(name) name##_313

/* Constants for stacks_template.h, and the table that all others read. */
static const struct python_offsets at = {
	.tstate_interpreter = { 16, 22, 0 },
	.tstate_state = { 40, 27, 8 },
	.tstate_current_frame = { 72, 23, 0 },
	.tstate_critical_section = { 176, 0, 0 },
	.tstate_datastack_chunk = { 232, 26, 0 },
	.tstate_datastack_limit = { 248, 26, 16 },
	.section_mutex = { 8, 0, 0 },
	.section_mutex2 = { 16, 0, 0 },
	.frame_executable = { 0, 30, 0 },
	.frame_previous = { 8, 29, 0 },
	.frame_instr_ptr = { 56, 31, 0 },
	.frame_owner = { 70, 33, 0 },
	.code_first_line = { 84, 39, 0 },
	.code_filename = { 128, 35, 0 },
	.code_qualname = { 144, 37, 0 },
	.code_linetable = { 152, 38, 0 },
	.code_names = { 48, 0, 0 },
	.code_localsplusnames = { 112, 41, 0 },
	.code_bytecode = { 216, 43, 0 },
	.bytes_size = { 32, 65, 0 },
	.bytes_data = { 48, 66, 0 },
	.str_length = { 32, 69, 0 },
	.str_state = { 48, 68, 0 },
	.str_ascii_data = { 56, 70, 0 },
	.str_compact_data = { 72, 70, 16 },
	.object_thread = { 0, 0, 0 },
	.object_mutex = { 10, 0, 0 },
	.object_count_local = { 12, 0, 0 },
	.object_count_shared = { 16, 0, 0 },
	.object_type = { 24, 45, 0 },
	.type_name = { 40, 47, 0 },
	.type_basicsize = { 48, 0, 0 },
	.type_itemsize = { 56, 0, 0 },
	.type_dealloc = { 64, 0, 0 },
	.type_flags = { 184, 49, 0 },
	.type_alloc = { 320, 0, 0 },
	.lock_mutex = { 32, 0, 0 },
	.cell_value = { 32, 0, 0 },
	.weakref_hash = { 48, 0, 0 },
	.dict_keys = { 48, 57, 0 },
	.keys_kind = { 10, 0, 0 },
};

enum { FRAME_TAG_BITS = 0 };

static const struct python_functions functions[] = {
	{ 0, NULL },
};

/* All but that of slices, which has no counter, and those of the collector's own. */
static const struct python_freelists freelists[] = {
	{ 14248, 0, 4, 1 },   /* floats */
	{ 14424, 4, 4, 20 },  /* tuples */
	{ 15144, 648, 4, 3 }, /* lists, dicts, keys of dicts */
	{ 16464, 648, 4, 3 }, /* contexts, values and sends of asynchronous generators */
	{ 0, 0, 0, 0 },
};

#include "interpose/stacks/stacks_template.h"

const struct python_release RELEASE(release) = {
	.major = 3,
	.minor = 13,
	.at = &at,
	.free_threaded = 2,
	.str_kind_shift = 2,
	.entry_owner = 3, /* FRAME_OWNED_BY_CSTACK */
	.rlock_size = 64,
	.semaphores = true,
	.locks_cells = true, /* Include/internal/pycore_cell.h */
	.functions = functions,
	.freelists = freelists,
	.object_heap = 352,
	.heap_bytes = 3064,
	STACKS_OF_RELEASE,
};
