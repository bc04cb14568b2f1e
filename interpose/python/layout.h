/*
 * layout.h - offsets in CPython's structures that are compiled in, because hot paths use them.
 *
 * In bytes, free-threaded build, x86-64. Here is what all releases have in common; a release's own
 * table (interpose/releases/) has these and the others. At start release.c compares the table with
 * these, with what the Python tells debuggers of itself, and with what objects look like whose
 * contents are known (probe.c), so that a Python with another layout is told and not misread. An
 * offset in which a new release differs leaves this list; who uses it reads the table, or is
 * compiled for each release (stacks_template.h).
 */
#ifndef INTERPOSE_LAYOUT_H
#define INTERPOSE_LAYOUT_H

#include <stdint.h>

/* clang-format off */
/* fixed(NAME, field of struct python_offsets, bytes) */
#define LAYOUT_FIXED(fixed) \
	fixed(TSTATE_INTERPRETER, tstate_interpreter, 16) \
	fixed(TSTATE_CURRENT_FRAME, tstate_current_frame, 72) \
	fixed(TSTATE_CRITICAL_SECTION, tstate_critical_section, 176) \
	fixed(SECTION_MUTEX, section_mutex, 8) \
	fixed(SECTION_MUTEX2, section_mutex2, 16) \
	fixed(FRAME_EXECUTABLE, frame_executable, 0) \
	fixed(FRAME_PREVIOUS, frame_previous, 8) \
	fixed(FRAME_INSTR_PTR, frame_instr_ptr, 56) \
	fixed(CODE_FIRST_LINE, code_first_line, 84) \
	fixed(CODE_FILENAME, code_filename, 128) \
	fixed(CODE_QUALNAME, code_qualname, 144) \
	fixed(CODE_LINETABLE, code_linetable, 152) \
	fixed(BYTES_SIZE, bytes_size, 32) \
	fixed(BYTES_DATA, bytes_data, 48) \
	fixed(STR_LENGTH, str_length, 32) \
	fixed(STR_STATE, str_state, 48) \
	fixed(STR_ASCII_DATA, str_ascii_data, 56) \
	fixed(STR_COMPACT_DATA, str_compact_data, 72) \
	fixed(OBJECT_THREAD, object_thread, 0) \
	fixed(OBJECT_MUTEX, object_mutex, 10) \
	fixed(OBJECT_COUNT_LOCAL, object_count_local, 12) \
	fixed(OBJECT_COUNT_SHARED, object_count_shared, 16) \
	fixed(OBJECT_TYPE, object_type, 24) \
	fixed(TYPE_NAME, type_name, 40) \
	fixed(TYPE_BASICSIZE, type_basicsize, 48) \
	fixed(TYPE_ITEMSIZE, type_itemsize, 56) \
	fixed(TYPE_DEALLOC, type_dealloc, 64) \
	fixed(TYPE_FLAGS, type_flags, 184) \
	fixed(TYPE_ALLOC, type_alloc, 320) \
	fixed(LOCK_MUTEX, lock_mutex, 32) \
	fixed(CELL_VALUE, cell_value, 32) \
	fixed(WEAKREF_HASH, weakref_hash, 48) \
	fixed(DICT_KEYS, dict_keys, 48) \
	fixed(KEYS_KIND, keys_kind, 10)
/* clang-format on */

enum {
#define FIXED(name, field, bytes) name = (bytes),
	LAYOUT_FIXED(FIXED)
#undef FIXED
};

#define TYPE_SUBCLASS (1ull << 31) /* Py_TPFLAGS_TYPE_SUBCLASS: what has this type is a type */

static inline uint64_t load64(const void *base, long offset)
{
	return *(const uint64_t *)((const char *)base + offset);
}

static inline void *load_pointer(const void *base, long offset)
{
	return *(void *const *)((const char *)base + offset);
}

static inline int32_t load32(const void *base, long offset)
{
	return *(const int32_t *)((const char *)base + offset);
}

#endif
