/*
 * locks.h - what each thread of the program under test holds and waits for.
 *
 * libftstress.so keeps this in plain memory of the process. The runner reads it through the kernel
 * (runner/inspect/locklists.c); it finds it by the variable `ftstress_locks`.
 */
#ifndef FTSTRESS_LOCKS_H
#define FTSTRESS_LOCKS_H

#include <stdbool.h>
#include <stdint.h>

/* What holds for all locks of a kind. */
enum fts_lock_trait {
	FTS_COUNTED = 1,    /* a thread that acquires it again has to release it as often */
	FTS_ANYONE = 2,     /* any thread may release it */
	FTS_SIGNAL = 4,     /* once another thread has released it, it counts as a signal */
	FTS_DETACHES = 8,   /* a thread that waits for it releases critical sections and the GIL */
	FTS_SUSPENDED = 16, /* may be a critical section's, released while its thread waits */
	FTS_UNORDERED = 32, /* two of this kind make no order: they see to that themselves */
	FTS_TAKEN_BIT = 64, /* held: bit 0 of its first byte is set */
	FTS_TAKEN_WORD = 128, /* held: its first 32 bits are not 0 */
	/* What its class is, if neither the line that made it nor a variable says it: */
	FTS_BY_TYPE = 256, /* the type of the object that it is part of */
	FTS_BY_TEXT = 512, /* a text; at any time there is one lock for a text */
};

/*
 * A kind of lock is a line here, and a wrapper in interpose/locks.
 *
 * kind(NAME, number, what people call it, what comes between that and the type or text that names
 *      its class, traits). Numbers are in records and stores: they stay, and new ones come last.
 */
/* clang-format off */
#define FTS_LOCK_KINDS(kind) \
	/* threading.Lock, threading.RLock */ \
	kind(LOCK, 1, "threading.Lock", " in a ", FTS_ANYONE | FTS_SIGNAL | FTS_TAKEN_BIT) \
	kind(RLOCK, 2, "threading.RLock", " in a ", FTS_TAKEN_BIT) \
	kind(PYMUTEX, 3, "PyMutex", " in a ", FTS_ANYONE | FTS_SUSPENDED | FTS_TAKEN_BIT) \
	/* the PyMutex in every object */ \
	kind(OBJECT, 4, "critical section", " of a ", \
	     FTS_SUSPENDED | FTS_UNORDERED | FTS_TAKEN_BIT | FTS_BY_TYPE) \
	kind(RWMUTEX, 5, "_PyRWMutex", " in a ", FTS_COUNTED | FTS_TAKEN_WORD) \
	/* std::mutex, std::shared_mutex too */ \
	kind(PTHREAD, 6, "pthread mutex", " in a ", FTS_COUNTED | FTS_TAKEN_WORD) \
	kind(PTHREAD_RW, 7, "pthread rwlock", " in a ", FTS_COUNTED | FTS_TAKEN_WORD) \
	kind(SPIN, 8, "spin lock", " in a ", 0) \
	/* being attached to the interpreter; with the GIL: the GIL */ \
	kind(ATTACHED, 9, "the attached state", " in a ", 0) \
	/* a once-flag whose function runs */ \
	kind(ONCE, 10, "once-flag", " in a ", FTS_DETACHES) \
	/* importlib's lock of a module; the section's text: its name */ \
	kind(MODULE, 11, "import lock", " of module ", \
	     FTS_COUNTED | FTS_DETACHES | FTS_UNORDERED | FTS_BY_TEXT) \
	/* of PyThread_allocate_lock(), where that is no PyMutex */ \
	kind(PYTHREAD, 12, "PyThread lock", " in a ", FTS_ANYONE | FTS_SIGNAL)
/* clang-format on */

enum fts_lock_kind {
#define FTS_LOCK_NUMBER(name, number, words, between, traits) FTS_LOCK_##name = (number),
	FTS_LOCK_KINDS(FTS_LOCK_NUMBER)
#undef FTS_LOCK_NUMBER
};

/* With a constant `trait` a shift and a test of one bit: hot paths ask. */
static inline bool fts_lock_is(uint32_t kind, enum fts_lock_trait trait)
{
#define FTS_LOCK_BIT(name, number, words, between, traits)                                         \
	(((traits) & (unsigned)trait) ? 1ull << (number) : 0) |
	uint64_t kinds = FTS_LOCK_KINDS(FTS_LOCK_BIT) 0;
#undef FTS_LOCK_BIT
	return kind < 64 && (kinds >> kind & 1);
}

enum fts_lock_flag {
	FTS_HELD_TRIED = 1,       /* the thread tried, and did not wait */
	FTS_HELD_TIMED = 2,       /* the wait has a time limit */
	FTS_HELD_SHARED = 4,      /* by a reader */
	FTS_HELD_FOREIGN = 8,     /* seen as an atomic operation outside of the interpreter */
	FTS_HELD_DETACHES = 16,   /* the thread releases critical sections and the GIL to wait */
	FTS_HELD_RECURSIVE = 32,  /* its holder may acquire it again */
	FTS_HELD_IN_HEAP = 64,    /* in a block of malloc */
	FTS_HELD_IN_OBJECT = 128, /* in a Python object */
	/* Not in records. Above 1 << 15: how often its holder has acquired it again. */
	FTS_HELD_SIGNAL = 256,   /* wait_own only: it was known to be a signal before */
	FTS_HELD_ATTACHED = 512, /* wait_flags only: the thread stays attached, so that who waits
				    for FTS_LOCK_ATTACHED (stops the world) waits for it */
	FTS_HELD_STOPS = 1024,   /* wait_flags only, FTS_LOCK_ATTACHED: the thread stops the world;
				    without it, it wants to be attached itself */
};

struct fts_held {
	uint64_t address;  /* 0 = this slot is free */
	uint64_t identity; /* of a lock with a known birth, else 0 */
	uint32_t kind, flags;
	uint64_t pc, fp; /* where it was acquired: return address, frame of that function */
	uint64_t frame, instruction, code; /* the Python frame at that moment; 0 = none */
	uint64_t
		position; /* the same as in record.h, FTS_PC_PYTHON; 0 = not for locks in objects */
};

#define FTS_HELD_MAX 256u
#define FTS_LOCK_THREADS 512u

struct fts_lock_thread {
	uint32_t tid;      /* the kernel's; 0 = free */
	uint32_t number;   /* 0 = the process's first; in order of creation */
	uint32_t used;     /* slots of held[] in use are below this */
	uint32_t overflow; /* 1: there were more locks than slots, so what it holds is not known */
	uint64_t self;     /* pthread_t */
	uint64_t wait_address; /* 0 = does not wait */
	uint32_t wait_kind, wait_flags;
	/*
	 * How often it has begun to wait for FTS_LOCK_ATTACHED. In such a wait the thread wakes up
	 * again and again to look. If the count is the same a second later, it is still the same
	 * wait.
	 */
	uint32_t attach_calls, reserved;
	/*
	 * The lock that it waits for, where the thread itself had acquired it; address 0 = it had
	 * not. The waiters of threading.Condition do so. With any other lock that is not recursive,
	 * the thread waits for ever. A reader (FTS_HELD_SHARED) that waits to write waits for
	 * itself, too.
	 */
	struct fts_held wait_own;
	struct fts_held held[FTS_HELD_MAX];
};

/* Exported as `ftstress_locks`; address 0 while nothing is kept. */
struct fts_locks {
	uint64_t address;     /* of struct fts_lock_thread[count] */
	uint32_t count, size; /* size of one, bytes */
};

/*
 * Payload of FTS_REC_LOCK_EVENT. `sequence` orders events and edges of one process.
 */
enum fts_lock_event_kind {
	FTS_LOCK_STARTED = 1, /* thread `thread` started thread `other` */
	FTS_LOCK_JOINED = 2,  /* thread `thread` waited for the end of thread `other` */
	FTS_LOCK_SIGNAL = 3,  /* the lock is used as a signal: identity, or address */
	FTS_LOCK_FREED = 4,   /* the memory from address on, `size` bytes, is free */
};

struct fts_lock_event {
	uint32_t kind;
	uint32_t thread, other;
	uint32_t reserved;
	uint64_t sequence, address, size, identity;
};

_Static_assert(sizeof(struct fts_held) == 72, "layout");
_Static_assert(sizeof(struct fts_lock_event) == 48, "wire format");

#endif
