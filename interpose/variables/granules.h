/*
 * granules.h - what is known of each 16 bytes of Python's memory: whose they are, and which
 * variable lies there now.
 *
 *     handed out by the allocator ─► of the thread that asked ─► another thread touches it ─► shared
 *
 * What a thread has made is its own until another thread touches it. Until then nothing of it is
 * told to ThreadSanitizer: a finished object may be given to other threads by one store, and what
 * its maker did before is no race. A thread that starts another one has another number from then
 * on, so that all it made before counts as shared.
 *
 * Memory that is handed out again is another variable. So the address at which ThreadSanitizer
 * knows a variable, its stand-in, depends on how often that was.
 */
#ifndef INTERPOSE_GRANULES_H
#define INTERPOSE_GRANULES_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

struct granule {
	uint16_t owner;     /* number of a thread; 0 = shared */
	uint8_t generation; /* how often it was handed out again after it had been told */
	uint8_t flags;
};
enum {
	GRANULE_TOLD = 1,
	GRANULE_RELEASED = 2, /* a store released: a load has to acquire */
	GRANULE_REPORTED = 4, /* times that a race was reported on it, 0 to 15 */
	GRANULE_REPORTS = 15 * GRANULE_REPORTED,
};

#define GRANULE_SPACE (1ul << 38) /* bytes; addresses are known modulo this */

extern HIDDEN struct granule *granules;
extern HIDDEN char *stand_ins, *key_stand_ins;

/* Of the calling thread; 0 = none yet. */
extern HIDDEN __thread uint16_t granules_self __attribute__((tls_model("initial-exec")));
/* The thread gets a new number: all that it has made is shared from now on. */
HIDDEN void granules_renumber(void);

static inline struct granule *granule_of(uintptr_t address)
{
	return &granules[(address & (GRANULE_SPACE - 1)) >> 4];
}

static inline bool granule_is_mine(const struct granule *granule)
{
	return __atomic_load_n(&granule->owner, __ATOMIC_RELAXED) == granules_self &&
	       granules_self != 0;
}

static inline void granule_share(struct granule *granule)
{
	if (__atomic_load_n(&granule->owner, __ATOMIC_RELAXED))
		__atomic_store_n(&granule->owner, 0, __ATOMIC_RELAXED);
}

static inline void granule_mark(struct granule *granule, uint8_t flag)
{
	if (!(__atomic_load_n(&granule->flags, __ATOMIC_RELAXED) & flag))
		__atomic_fetch_or(&granule->flags, flag, __ATOMIC_RELAXED);
}

/* The address by which ThreadSanitizer knows the variable at `address`. */
static inline char *stand_in(uintptr_t address)
{
	/* A generation is far from the one before, and at no other one's variables. */
	uint64_t shift = (uint64_t)granule_of(address)->generation * 0x1357913580ul;
	return stand_ins + ((address + shift) & (GRANULE_SPACE - 8));
}

/*
 * The same for a key of the dict that begins at `dict`, by its hash: whether the key is there. A dict
 * may give the key another place; its own address stays.
 */
static inline char *key_stand_in(uintptr_t dict, uint64_t hash)
{
	uint64_t word =
		hash * 0x9e3779b97f4a7c15ull ^ dict ^ (uint64_t)granule_of(dict)->generation << 48;
	word = (word ^ word >> 29) * 0xbf58476d1ce4e5b9ull;
	return key_stand_ins + ((word ^ word >> 32) & (GRANULE_SPACE - 8));
}

/*
 * A container's size is two variables: that it gets larger, and that it gets smaller. Else what ThreadSanitizer
 * knows of a thread that gives something back would take the place of that it has taken it.
 */
static inline char *taking_stand_in(char *stand_in)
{
	return key_stand_ins + (stand_in - stand_ins);
}

static inline char *size_stand_in(char *stand_in)
{
	bool takes = (uint64_t)(stand_in - key_stand_ins) < GRANULE_SPACE;
	return takes ? stand_ins + (stand_in - key_stand_ins) : stand_in;
}

static inline bool is_stand_in(uint64_t address)
{
	return stand_ins && (address - (uint64_t)stand_ins < GRANULE_SPACE ||
			     address - (uint64_t)key_stand_ins < GRANULE_SPACE);
}

/* The memory is handed out; to the calling thread, while a test runs. */
HIDDEN void granules_renewed(const void *memory, uint64_t bytes);

/* False: the system does not give the address space. */
HIDDEN bool granules_start(void);

#endif
