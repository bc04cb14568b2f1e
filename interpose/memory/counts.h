/*
 * counts.h - reference counts that go wrong.
 *
 * An object has two counts (CPython: Include/refcount.h, PEP 703): one of its owner, the thread whose
 * number it has, and one of all others. What they say together is how many references there are.
 *
 *     ob_tid   ob_ref_local   ob_ref_shared
 *     owner    n              m, flags        others may have dropped more than they took: m < 0
 *     0        0              m, merged       the owner has none: from here on m alone counts
 *     any      2^32 - 1       -               immortal: never counted
 *
 * Looked at is each change, at the function or the atomic operation that makes it, just before. A change
 * is wrong, whatever the threads do next, if there is no reference that could be dropped, if the object
 * is gone, if it is immortal, or if the thread writes the owner's count and is not the owner.
 *
 * Source: CPython, Objects/object.c: _Py_DecRefSharedIsDead(), _Py_MergeZeroLocalRefcount(),
 * _Py_ExplicitMergeRefcount(); Include/internal/pycore_object.h.
 */
#ifndef INTERPOSE_COUNTS_H
#define INTERPOSE_COUNTS_H

#include "interpose/base/raw.h"
#include "interpose/memory/countlog.h"
#include "interpose/python/layout.h"

#include <stdbool.h>
#include <stdint.h>

#define COUNT_IMMORTAL UINT32_MAX

extern HIDDEN bool counts_on;
/* The code of _Py_NewReference() and _Py_NewReferenceNoTotal(): there an object begins. */
extern HIDDEN uintptr_t counts_born_low, counts_born_size;

/* How many references there are, as far as both counts say; of an immortal object INT64_MAX. */
HIDDEN int64_t counts_references(uint64_t object);

/*
 * Before the code at `place`, which is an extension's, writes to the word of either count with no atomic
 * operation.
 */
HIDDEN void counts_look_at_plain_local(uint64_t object, uintptr_t place);
HIDDEN void counts_look_at_plain_shared(uint64_t object, uintptr_t place);

HIDDEN void counts_look_at_store(uint64_t object, uint32_t was, uint32_t value, uintptr_t place);
HIDDEN void counts_look_at_add(uint64_t object, uintptr_t place);

/* The same of each change, for countlog.h. */
HIDDEN void counts_log_store(uint64_t object, uint32_t was, uint32_t value, uintptr_t place);
HIDDEN void counts_log_shared(uint64_t object, int64_t more, uintptr_t place);
HIDDEN void counts_log_taken(uint64_t object, uintptr_t place); /* it is done */

/* Before the code at `place` stores the value in a word that may be an object's local count. */
static inline void counts_store(const volatile uint32_t *word, uint32_t value, const void *place)
{
	if (((uintptr_t)word & 15) != OBJECT_COUNT_LOCAL || UNLIKELY(!counts_on))
		return;
	uint64_t object = (uint64_t)word - OBJECT_COUNT_LOCAL;
	uint32_t was = *word;
	if (UNLIKELY(countlog_on))
		counts_log_store(object, was, value, (uintptr_t)place);
	if (LIKELY(was + 1 > 1 && load64((const void *)object, OBJECT_THREAD) ==
					  (uint64_t)__builtin_thread_pointer()))
		return;
	if ((value || was) && (uintptr_t)place - counts_born_low >= counts_born_size)
		counts_look_at_store(object, was, value, (uintptr_t)place);
}

/* Before it adds one to a word that may be an object's shared count. */
static inline void counts_add(const volatile uint64_t *word, const void *place)
{
	if (((uintptr_t)word & 15) != 0 || UNLIKELY(!counts_on))
		return;
	if (UNLIKELY(countlog_on))
		counts_log_shared((uint64_t)word - OBJECT_COUNT_SHARED, 1, (uintptr_t)place);
	counts_look_at_add((uint64_t)word - OBJECT_COUNT_SHARED, (uintptr_t)place);
}

#endif
