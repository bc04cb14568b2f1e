/*
 * type_cache.h - the type cache orders a thread after the maker of a value, not after the thread
 * that filled an entry with it.
 *
 * CPython remembers in 4,096 entries, hashed by addresses, what a name is in a type of a version
 * (Objects/typeobject.c). As written, a thread that finds an entry is ordered after all that the
 * entry's filler had done. It needs less: to be ordered after the threads that changed the type
 * before it got this version. So changes are counted in generations. Each generation has a word of
 * its own, which TSan is told of:
 *
 *     thread A                             generations         thread B
 *
 *     takes the lock of all types
 *       C.f = ...
 *     gives it back     ─── releases ──►   word 4
 *     x = 1
 *     looks up C.f, fills an entry:
 *       C has version 7 ───────────────►   7 belongs to 4;
 *                                          4 takes no more
 *                                                              looks up C.f, finds the entry:
 *                                          word 4   ───►         acquires: it knows of C.f = ...,
 *                                                                and not of x = 1
 *     takes the lock                                           x = 2: a race, and it is told
 *       D.g = ...
 *     gives it back    ◄── acquires ────   word 4
 *                       ─── releases ──►   word 5
 *
 * As written, the entry's own lock orders B after all that A did before it filled the entry, x = 1
 * among it, and the race is hidden. That lock, a sequence lock, orders nothing here: this file has
 * its functions again, not instrumented. A change goes into the generation of now as long as no
 * version belongs to that one, so there are fewer generations than changes.
 *
 * Only while orders are told as meant (order.h), and if type_cache_probe() has found its entries.
 */
#ifndef INTERPOSE_TYPE_CACHE_H
#define INTERPOSE_TYPE_CACHE_H

#include "interpose/base/raw.h"

#include <stdbool.h>
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

/*
 * Is an entry laid out as here? To be asked at start, attached, before order_type_cache is set;
 * leaves one string.
 */
HIDDEN bool type_cache_probe(void);

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
