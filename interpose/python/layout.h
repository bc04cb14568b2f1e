/*
 * layout.h - where CPython's structures have what is read of them.
 *
 * In bytes, free-threaded build, x86-64. python_at is what the build's own debug information says
 * (ftstress/layout.h), read at start by release.c. Of an object's header the offsets are compiled in,
 * since the hottest paths use them; release.c compares them, so that a Python with another header is
 * told and not misread.
 */
#ifndef INTERPOSE_LAYOUT_H
#define INTERPOSE_LAYOUT_H

#include "ftstress/layout.h"
#include "interpose/base/raw.h"

#include <stdint.h>

/* Of this process; nothing is known until python_known() was asked (release.h). */
extern HIDDEN struct fts_layout python_at;

/* clang-format off */
/* fixed(NAME, field of struct fts_layout, bytes) */
#define LAYOUT_FIXED(fixed) \
	fixed(OBJECT_THREAD, object_thread, 0) \
	fixed(OBJECT_MUTEX, object_mutex, 10) \
	fixed(OBJECT_COUNT_LOCAL, object_count_local, 12) \
	fixed(OBJECT_COUNT_SHARED, object_count_shared, 16) \
	fixed(OBJECT_TYPE, object_type, 24)
/* clang-format on */

enum {
#define FIXED(name, field, bytes) name = (bytes),
	LAYOUT_FIXED(FIXED)
#undef FIXED
		OBJECT_BODY = OBJECT_TYPE + 8, /* behind the header */
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
