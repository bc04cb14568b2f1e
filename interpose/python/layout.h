/*
 * layout.h - where the fields are that the hot paths read from CPython's structures.
 *
 * Offsets in bytes, free-threaded build, x86-64: here what 3.13 and 3.14 have in common, in
 * stacks_313.c and stacks_314.c what differs. They are constants because the eval loop's accesses
 * go through them. At start layout_matches() compares them with _Py_DebugOffsets, which every
 * CPython since 3.13 carries, so that a Python with another layout is told and not misread.
 */
#ifndef INTERPOSE_LAYOUT_H
#define INTERPOSE_LAYOUT_H

#include <stdint.h>

/* The same in 3.13 and 3.14. */
enum {
	TSTATE_CURRENT_FRAME = 72,
	TSTATE_DATASTACK_CHUNK = 232,
	TSTATE_DATASTACK_LIMIT = 248,
	TSTATE_OWN_SIZE =
		256, /* the fields that the eval loop uses, all of them the thread's own */
	FRAME_EXECUTABLE = 0,
	FRAME_INSTR_PTR = 56,
	CODE_FIRST_LINE = 84,
	CODE_FILENAME = 128,
	CODE_QUALNAME = 144,
	CODE_LINETABLE = 152,
	BYTES_SIZE = 32,
	BYTES_DATA = 48,
	STR_LENGTH = 32,
	STR_STATE = 48,
	STR_ASCII_DATA = 56,
	STR_COMPACT_DATA = 72,
};

/* struct _Py_DebugOffsets starts with: cookie, version, free_threaded (8 bytes each). */
#define DEBUG_OFFSETS_COOKIE "xdebugpy"

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
