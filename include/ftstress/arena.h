/*
 * arena.h - the shared memory between a worker and the runner: rings of records.
 *
 * The runner makes one memfd for each zygote, maps it and hands it down as a file descriptor
 * (FTSTRESS_ARENA_FD). libftstress.so maps it MAP_SHARED when it starts, so that every process
 * forked later writes into the same pages without owning a file descriptor: what was written
 * survives SIGKILL, a closed fd table and _exit.
 *
 *   +--------------+--------+--------+-----
 *   | fts_arena    | ring 0 | ring 1 | ...        every ring: header page, then FTS_RING_BYTES
 *   +--------------+--------+--------+-----
 *
 * A ring has one writer (the thread that claimed it) and one reader (the runner):
 *
 *     writer                                  reader
 *     head - tail + need <= size ?            h = load-acquire(head)
 *     copy the record at head                 for each record in [tail, h): take it
 *     store-release(head += need)             store-release(tail = h)
 *
 * head is stored last, so a writer that dies in the middle leaves no torn record. A full ring
 * drops the record and counts it in `lost`; it never waits, for a wait would change the program
 * under test. Positions are byte counters that never wrap; a record is never split: where it does
 * not fit before the end of the data, a FTS_REC_PAD record fills the rest.
 *
 * A thread that starts (or a child after fork) claims a free ring. A ring is given back by nobody:
 * when none is free, a claimer takes over one whose owner no longer exists.
 */
#ifndef FTSTRESS_ARENA_H
#define FTSTRESS_ARENA_H

#include <stdint.h>

#define FTS_ARENA_MAGIC 0x3173736572747366ull /* "fstress1" */
#define FTS_ARENA_VERSION 2u
#define FTS_RING_COUNT 256u
#define FTS_RING_BYTES (256u * 1024u)        /* data of one ring, a power of two */
#define FTS_RECORD_MAX (FTS_RING_BYTES / 4u) /* longest record with its header, in bytes */

/* Environment by which the runner tells the library its arena (a file descriptor number). */
#define FTS_ENV_ARENA "FTSTRESS_ARENA_FD"

struct fts_ring {
	_Alignas(64) uint64_t head; /* written by the owner, bytes */
	uint64_t lost;              /* records dropped because the ring was full; by the owner */
	uint32_t owner;             /* tid of the owner, 0 = free; claimed by compare-and-swap */
	uint32_t reserved;
	_Alignas(64) uint64_t tail; /* written by the reader, bytes */
	_Alignas(4096) uint8_t data[FTS_RING_BYTES];
};

struct fts_arena {
	uint64_t magic;
	uint32_t version;
	uint32_t ring_count;
	uint32_t ring_bytes;
	/* Index in the slice of the test that runs now, or FTS_NO_TEST; set by the driver, stamped
	 * on every record. One iteration at a time uses an arena. */
	uint32_t current_test;
	_Alignas(64) uint32_t claim_hint; /* where the next claimer starts to look */
	/* Futex words of the crash hand-shake; see crash.h. */
	_Alignas(64) uint32_t crash_lock;
	uint32_t crash_tid;
	uint32_t crash_done;
	_Alignas(4096) struct fts_ring ring[FTS_RING_COUNT];
};

#define FTS_NO_TEST UINT32_MAX

_Static_assert(sizeof(struct fts_ring) == 4096 + FTS_RING_BYTES, "a ring is a page and its data");
_Static_assert(sizeof(struct fts_arena) == 4096 + FTS_RING_COUNT * sizeof(struct fts_ring),
	       "the arena is a page and its rings");

#endif
