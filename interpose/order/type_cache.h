/*
 * type_cache.h - the type cache orders threads by who made a value, not by who filled an entry.
 *
 * CPython remembers in 4,096 entries, hashed by addresses, what a name is in a type of a version
 * (Objects/typeobject.c). As written, who finds an entry is ordered after all that its filler had
 * done. What it needs is less: who changed the type before it got this version. So
 *
 *     a thread gives the lock of all types back    the next generation is released
 *     an entry is filled                           its version belongs to the generation of now
 *     an entry is found                            its version's generation is acquired
 *
 * and the entry's own lock, a sequence lock, orders nothing: this file has its functions again, not
 * instrumented. Only while orders are told as meant (order.h), and for CPython 3.13 and 3.14.
 */
#ifndef INTERPOSE_TYPE_CACHE_H
#define INTERPOSE_TYPE_CACHE_H

#include "interpose/base/raw.h"

#include <stdint.h>

struct type_cache_entry;

/* The entry that this thread looks at, until it has compared versions, or NULL. */
extern HIDDEN __thread const struct type_cache_entry *type_cache_entry
	__attribute__((tls_model("initial-exec")));

/* The newest generation that this thread has acquired, or was started after. */
extern HIDDEN __thread uint32_t type_cache_acquired __attribute__((tls_model("initial-exec")));

/* The lock of all types, of the main interpreter, or NULL; how many more there are, of others. */
extern HIDDEN const volatile uint8_t *type_cache_lock;
extern HIDDEN uint32_t type_cache_more_locks;

/* Look TSan's functions up. Idempotent. */
HIDDEN void type_cache_resolve(void);

/* The lock of all types has been taken to look a name up, without order: acquire what is needed. */
HIDDEN void type_cache_locked(const volatile uint8_t *lock);

HIDDEN void type_cache_next_generation(const volatile uint8_t *lock);

/* A lock is about to be given back by who may have changed something under it. */
static inline void type_cache_unlocks(const volatile uint8_t *lock)
{
	if (UNLIKELY(lock == type_cache_lock) || UNLIKELY(type_cache_more_locks != 0))
		type_cache_next_generation(lock);
}

/* A load with acquire: of the version of the entry, or of the type that it is compared with. */
HIDDEN uint32_t type_cache_load(const volatile uint32_t *version);

#endif
