/*
 * arena.h - the shared memory between a worker and the runner: rings of records.
 *
 * The runner makes one memfd for each zygote, maps it and hands it down as a file descriptor
 * (FTSTRESS_ARENA_FD). libftstress.so maps it MAP_SHARED when it starts, so that every process
 * forked later writes into the same pages without owning a file descriptor: what was written
 * survives SIGKILL, a closed fd table and _exit.
 *
 *   +--------------+--------+--------+-----+-----------+
 *   | fts_arena    | ring 0 | ring 1 | ... | fts_cover |  every ring: header page, FTS_RING_BYTES
 *   +--------------+--------+--------+-----+-----------+
 *
 * A ring has one writer (the thread that claimed it) and one reader (the runner):
 *
 *     writer                                  reader
 *     head - tail + need <= size ?            h = load-acquire(head)
 *     copy the record at head                 for each record in [tail, h): take it
 *     store-release(head += need)             store-release(tail = h)
 *
 * head is stored last, so a writer that dies in the middle leaves no torn record. Positions are
 * byte counters that never wrap; a record is never split: where it does not fit before the end of
 * the data, a FTS_REC_PAD record fills the rest.
 *
 * Records that do not fit. Bulk records (reports, code objects: fts_is_bulk()) are dropped, because
 * a wait would change what the program under test does. When something fits again, a FTS_REC_LOST
 * record is written first, in place of the gap:
 *
 *     ... report | report |   (gap)   | LOST, 17 records | report ...
 *
 * All others are control records: they say what the run does, and a finding can depend on one of
 * them. The last FTS_RING_RESERVE bytes of a ring are for them alone. When these are full, too, the
 * writer sleeps until the reader has made room, in system calls that ThreadSanitizer does not see.
 * After 60 s the record is dropped, and counted in `lost_control`: what depends on it is then not
 * known.
 *
 * A thread that starts (or a child after fork) claims a free ring. No thread ever frees its ring:
 * when none is free, a thread takes over one whose owner no longer exists. The last ring has no
 * owner for long. A thread without a ring (more than 255 live), or a signal handler that has
 * interrupted a write of its own thread, owns it for the time of one record.
 *
 * fts_cover says which C functions of the packages under test ran, and in which threads. It is no
 * record: each iteration adds to what those before it have found.
 */
#ifndef FTSTRESS_ARENA_H
#define FTSTRESS_ARENA_H

#include <stdint.h>

#define FTS_ARENA_MAGIC 0x3173736572747366ull /* "fstress1" */
#define FTS_ARENA_VERSION 7u
#define FTS_RING_COUNT 256u
#define FTS_RING_BYTES (256u * 1024u)        /* data of one ring, a power of two */
#define FTS_RECORD_MAX (FTS_RING_BYTES / 4u) /* longest record with its header, in bytes */
#define FTS_RING_RESERVE (16u * 1024u)       /* of a ring, not for bulk records */
#define FTS_RING_SHARED (FTS_RING_COUNT - 1) /* the ring that is nobody's */
#define FTS_COVER_MODULES 1024u
#define FTS_COVER_FUNCTIONS (512u * 1024u) /* of all modules */
#define FTS_COVER_BYTES (3584u * 1024u)

/* Environment by which the runner tells the library its arena (a file descriptor number). */
#define FTS_ENV_ARENA "FTSTRESS_ARENA_FD"

struct fts_ring {
	_Alignas(64) uint64_t head; /* written by the owner, bytes */
	uint64_t lost;              /* records dropped, of all types; by the owner */
	uint32_t owner;             /* tid of the owner, 0 = free; claimed by compare-and-swap */
	uint32_t lost_control;      /* of these, not bulk */
	uint64_t gap;               /* dropped since the last FTS_REC_LOST; by the owner */
	uint32_t gap_types;         /* 1 << type of each of them */
	_Alignas(64) uint64_t tail; /* written by the reader, bytes */
	_Alignas(4096) uint8_t data[FTS_RING_BYTES];
};

/* What the library has room for; each time that there is none is counted in the arena. */
enum fts_limit {
	FTS_LIMIT_RINGS,        /* a thread has no ring of its own */
	FTS_LIMIT_MODULES,      /* modules.c */
	FTS_LIMIT_CODE_LINES,   /* code.c: a line table is cut */
	FTS_LIMIT_REPORT,       /* races.c: a part of a report does not fit */
	FTS_LIMIT_LOCK_THREADS, /* locks.c: a thread whose locks are not seen */
	FTS_LIMIT_LOCKS_HELD,   /* locks.c: a lock taken that is not noted */
	FTS_LIMIT_ORDERS,       /* locks.c: orders of a process */
	FTS_LIMIT_ORDER_HELD,   /* locks_report.c: locks held in one order */
	FTS_LIMIT_ORDER_BYTES,  /* locks_report.c: an order does not fit */
	FTS_LIMIT_WATCHED,      /* locks_report.c: blocks with a lock in them */
	FTS_LIMIT_LOCK_PLACES,  /* locks_python.c: places where locks are made */
	FTS_LIMIT_LOCK_WAITS,   /* locks_profile.c: classes waited for */
	FTS_LIMIT_COVER,        /* cover.c: a module whose functions are not looked at */
	FTS_LIMIT_LOCK_CLASSES, /* locks_standin.c: a lock of a class that has no stand-in */
	FTS_LIMIT_LOCKS_TOLD,   /* locks_standin.c: a lock that a race's report can't name */
	FTS_LIMIT_HEAP_SITES,   /* made.c: places where objects are made */
	FTS_LIMIT_HEAP_THREADS, /* made.c: threads that make objects */
	FTS_LIMIT_COUNT,
};

/* What is known of a C function, bits of fts_cover.reached. 0: it never ran. */
enum {
	FTS_COVER_RAN = 1,     /* in some thread */
	FTS_COVER_THREADS = 2, /* in two threads of one test, each with objects of its own */
	FTS_COVER_OBJECT = 4,  /* in both calls of a pair: of two threads on one object */
};

enum { FTS_COVER_FREE, FTS_COVER_CLAIMED, FTS_COVER_READY };

struct fts_cover_module {
	uint32_t state;        /* FTS_COVER_READY: the rest stands; stored last */
	uint32_t first, count; /* its functions in fts_cover */
	char path[1012];       /* as the dynamic linker knows it, with its zero byte */
};

/*
 * A module built with -fsanitize-coverage=trace-pc-guard,func,pc-table has a range of numbers, the
 * same in all processes of the arena.
 */
struct fts_cover {
	struct fts_cover_module module[FTS_COVER_MODULES];
	uint32_t offset[FTS_COVER_FUNCTIONS]; /* of the function's entry in its module, bytes */
	uint8_t reached[FTS_COVER_FUNCTIONS];
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
	/* Where no ring could be written to, not even the shared one: as in struct fts_ring. */
	_Alignas(64) uint64_t lost;
	uint64_t lost_control;
	uint64_t limits[FTS_LIMIT_COUNT]; /* how often each was met */
	uint64_t objects_shared; /* that more than one thread of a test had: turns/share.c */
	uint32_t cover_used;     /* functions that have a number; 0 is nobody's */
	_Alignas(4096) struct fts_ring ring[FTS_RING_COUNT];
	struct fts_cover cover;
};

#define FTS_NO_TEST UINT32_MAX

_Static_assert(sizeof(struct fts_ring) == 4096 + FTS_RING_BYTES, "a ring is a page and its data");
_Static_assert(sizeof(struct fts_cover) == FTS_COVER_BYTES, "known to scripts that make an arena");
_Static_assert(sizeof(struct fts_arena) ==
		       4096 + FTS_RING_COUNT * sizeof(struct fts_ring) + FTS_COVER_BYTES,
	       "the arena is a page, its rings and what was covered");

#endif
