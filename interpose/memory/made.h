/*
 * made.h - where each object of Python, and each block of PyMem_Malloc(), was made, and by whom.
 *
 *   address ─► span of 32 MiB ─► entry, 4 bytes for each 32 bytes of the heap
 *                                  31 30  29     18 17          0     f: freed by now
 *                                  |f|p | thread   | site       |     p: bit 4 of the address
 *
 * Where it ended, there is another such entry in a table beside this one.
 *
 * A site is a place in Python code and one in C. The entry is of the object itself, not of its
 * block: an object that comes from a free list has no new block, but it passes _Py_NewReference()
 * like any other. Blocks of less than 32 bytes have no entry. What was made before the concern
 * started has none either, and about that nothing is said.
 *
 * Entries and sites are written without a lock, and nothing of them is known to ThreadSanitizer.
 */
#ifndef INTERPOSE_MADE_H
#define INTERPOSE_MADE_H

#include <stdbool.h>
#include <stdint.h>

struct made {
	uint64_t frames[2]; /* innermost first, as in record.h */
	unsigned count;
	uint32_t thread; /* the kernel's number of the thread that made it; 0 = not known */
	int32_t number;  /* ours: 0 is the main thread; -1 = not known */
	bool by_main;    /* it was the main thread */
	bool lives;      /* of an end: so far only a reference was dropped */
};

bool made_is_on(void);

/* The object or block at the address, which must be where it starts. False: not known. */
bool made_find(uint64_t start, struct made *made);

/* Is what starts at the address noted, and not freed? No system call, as of all here. */
bool made_is_whole(uint64_t start);

/* Has anything near the address been noted? If not, it need not be in Python's heap. */
bool made_covers(uint64_t address);

/* The calling thread's number. */
int32_t made_thread(void);

/*
 * Where what starts at the address lost its last reference, or one that could be it; or, if it is freed,
 * where it was. False: not known.
 */
bool made_end_find(uint64_t start, struct made *ended);

/*
 * What starts at the address is freed now, by a call that returns to `native`. False: it was freed
 * before, and nobody got the memory since.
 */
bool made_ends(uint64_t start, uint64_t native);

/* The block of PyMem_Malloc() is made now, `size` bytes, by a call that returns to `native`. */
void made_block(void *block, uint64_t size, uint64_t native);

/* A reference to the object is dropped that may be the last, by a call that returns to `native`. */
void made_dies(uint64_t start, uint64_t native);

/* Of the places where things are made: their numbers are below this. */
enum { MADE_SITES = 1 << 18 };

/*
 * Calls `look` with the place of all that lives, and where it starts, so far as it is noted. In the one
 * thread that there is.
 */
void made_each(void (*look)(uint32_t site, uint64_t start, void *context), void *context);

/*
 * A word for each object, of somebody's own: a table of such words, which begins as zeroes, and the word of
 * what starts at the address, 0 at first. NULL: not in Python's heap, or no memory.
 */
enum { MADE_SPANS = 0xc000 };
struct made_words {
	uint32_t *spans[MADE_SPANS];
};
uint32_t *made_word(struct made_words *words, uint64_t start);
/* Calls `look` with each word that is not 0, and where what it is of starts. */
void made_each_word(const struct made_words *words,
		    void (*look)(uint32_t word, uint64_t start, void *context), void *context);
void made_words_clear(struct made_words *words);

/* It is not freed after all. */
void made_lives(uint64_t start);

/* The memory is somebody's again, of whom nothing is noted. */
void made_again(uint64_t start);

/*
 * From here on `tell` gets the address of all that the calling thread makes; NULL: no more. For one
 * thread at a time.
 */
void made_tells(void (*tell)(uint64_t address));

/* The same for an address that passes no hook of this concern. */
void made_tell(uint64_t address);

/* Has what started at the address been freed, and nobody got the memory since? */
bool made_is_freed(uint64_t start);

#endif
