/*
 * record.h - what the interposer and the driver write into the rings, and the runner reads.
 *
 * Little-endian, 8-byte aligned, native x86-64 layout:
 *
 *   +------------+---------+---------+
 *   | fts_record | payload | padding |     length = all three, a multiple of 8
 *   +------------+---------+---------+     padding = 0 to 7 zero bytes
 *
 * So a payload has an exact length, fts_payload_length(). Strings in payloads are UTF-8 without a
 * terminating NUL; their length stands before them, or they are the whole payload.
 */
#ifndef FTSTRESS_RECORD_H
#define FTSTRESS_RECORD_H

#include <stdint.h>

enum fts_record_type {
	FTS_REC_PAD = 0, /* skip to the start of the ring */

	/* written by libftstress.so */
	FTS_REC_HOOK = 1,        /* struct fts_hook: is a hook live, and if not, why */
	FTS_REC_MODULE = 2,      /* struct fts_module: a shared object was mapped */
	FTS_REC_CODE = 3,        /* struct fts_code: a Python code object got an id */
	FTS_REC_REPORT = 4,      /* struct fts_report: something was found */
	FTS_REC_CRASH = 5,       /* struct fts_crash and fts_crash_place[]: a fatal signal; the
			    * thread waits for the runner */
	FTS_REC_LOCKS = 6,       /* struct fts_locks of locks.h: where the locks held are kept */
	FTS_REC_LOCK_EVENT = 7,  /* struct fts_lock_event of locks.h */
	FTS_REC_LOST = 8,        /* struct fts_lost: here records are missing */
	FTS_REC_SCHEDULE = 9,    /* struct fts_schedule: where the turn could have been passed on */
	FTS_REC_OPERATIONS = 10, /* struct fts_operations: the functions of a type in C */

	/* written by the driver through ftstress_emit() */
	FTS_REC_TEST_BEGIN = 16,  /* struct fts_test */
	FTS_REC_TEST_END = 17,    /* struct fts_test */
	FTS_REC_TEST_FAIL = 18,   /* struct fts_test_fail */
	FTS_REC_NOTE = 19,        /* UTF-8 text for the run's notes */
	FTS_REC_GIL_ENABLED = 20, /* UTF-8 name of the module whose import enabled the GIL */
	FTS_REC_SLICE_END = 21,   /* no payload: the driver came to the end of its slice */
	FTS_REC_ORDERED = 22,     /* UTF-8 name of a lock that ordered the two calls of the pair */
};

struct fts_record {
	uint32_t length;  /* bytes with this header and the padding, multiple of 8 */
	uint16_t type;    /* enum fts_record_type */
	uint16_t padding; /* bytes behind the payload, below FTS_RECORD_ALIGN */
	uint32_t pid, tid;
	uint32_t test; /* index in the slice, FTS_NO_TEST outside of a test */
	uint32_t reserved2;
	uint64_t nanoseconds; /* CLOCK_MONOTONIC */
};

#define FTS_RECORD_ALIGN 8u

/* Bytes of the payload; 0 where the header makes no sense. */
static inline uint32_t fts_payload_length(const struct fts_record *record)
{
	uint32_t rest = (uint32_t)sizeof *record + record->padding;
	return record->padding < FTS_RECORD_ALIGN && record->length > rest ? record->length - rest
									   : 0;
}

/* May a record of this type be dropped when its ring is full? (see arena.h) */
static inline int fts_is_bulk(uint32_t type)
{
	return type == FTS_REC_CODE || type == FTS_REC_REPORT;
}

struct fts_lost {
	uint64_t count; /* records that the writer dropped since its last record */
	uint32_t types; /* 1 << type of each of them */
	uint32_t reserved;
};

enum fts_hook_state {
	FTS_HOOK_DEAD = 0, /* can't work in this process */
	FTS_HOOK_LIVE = 1,
	FTS_HOOK_OFF = 2, /* the run was asked to leave it off */
};

struct fts_hook {
	uint32_t state; /* enum fts_hook_state */
	uint16_t name_length, why_length;
	/* name, why */
};

struct fts_module {
	uint64_t bias;      /* address = bias + ELF virtual address */
	uint64_t low, high; /* mapped range */
	uint16_t path_length;
	uint8_t build_id_length, build_id[20];
	uint8_t reserved;
	/* path */
};

struct fts_code {
	uint32_t id;
	int32_t first_line;
	uint32_t qualname_length, file_length, linetable_length;
	uint32_t reserved;
	/* qualname, file, linetable (co_linetable, CPython's Objects/locations.md) */
};

struct fts_operations {
	uint32_t count, name_length;
	/* uint64_t functions[count], the type's name, for each function "\n" and the name of the method,
	 * the attribute or the slot that it is of */
};

/*
 * A report is a list of sections, each with a stack. Any concern (races, locks, memory, refcounts)
 * says what it saw in these terms; what it means is decided in the runner.
 */
enum fts_report_kind {
	FTS_REPORT_DATA_RACE = 1,
	FTS_REPORT_LOCK_EDGE = 3,
	FTS_REPORT_OTHER = 8, /* any other TSan report; its name is in `text` */
	/*
	 * How long a lock was waited for: the lock as FTS_SEC_LOCK, with the place of the longest
	 * wait; FTS_SEC_OTHER: address = waits, size = their sum, value = the longest, and as its
	 * one frame the longest time that it was held, all times in nanoseconds.
	 */
	FTS_REPORT_LOCK_PROFILE = 9,
	/*
	 * Two accesses of a Python variable that nothing orders, of which one is lost. The text:
	 * pattern, kind of variable, name, type of what it lies in, with tabs between.
	 */
	FTS_REPORT_VARIABLE_RACE = 10,
	/*
	 * Such a race was made to happen. The same text; the stacks of the read and of the write that
	 * came after it as FTS_SEC_ACCESS, and the steps in their order as FTS_SEC_STEP.
	 */
	FTS_REPORT_VARIABLE_LOST = 11,
	/*
	 * An object whose shared count many threads wrote in a test: FTS_SEC_OBJECT, with size = when the
	 * test began and value = how long it took, in nanoseconds; and FTS_SEC_OTHER with the place of one
	 * of the changes: address = changes, size = how often another thread made the next one,
	 * value = threads.
	 */
	FTS_REPORT_COUNT_PROFILE = 12,
};

struct fts_report {
	uint16_t kind; /* enum fts_report_kind */
	uint16_t section_count;
	uint16_t text_length; /* free text before the sections, padded to 8 */
	uint16_t reserved;
	/* text, sections */
};

enum fts_section_kind {
	FTS_SEC_ACCESS = 1, /* a memory access; address, size, flags */
	FTS_SEC_THREAD = 2, /* thread `tid` was created here by thread `value` */
	FTS_SEC_MUTEX = 3, /* mutex number `value` at `address`, created here. A lock that TSan does
			     * not know by itself: flags = kind << 8 | flags of locks.h, size = its
			     * identity; text: the type of the object that it is in. Locks of which
			     * no more is known: flags = FTS_MUTEX_UNKNOWN */
	FTS_SEC_HEAP = 4,  /* block `address`, `size`, allocated here by `tid` */
	FTS_SEC_GLOBAL = 5, /* a global variable at `address` */
	FTS_SEC_STACK = 6,  /* the stack of thread `tid` */
	FTS_SEC_OBJECT =
		7,        /* the access is `value` bytes into the Python object at `address`; text:
			   * its type's name; without text: a block of CPython's allocator.
			   * Frames, and tid: where the object was made, and by whom */
	FTS_SEC_HELD = 8, /* mutex number `value` was held at the access before this section */
	FTS_SEC_LOCK = 9, /* lock `address` is taken here; text: its kind */
	FTS_SEC_OTHER = 10,
	FTS_SEC_PARTNER = 11, /* the access with which access number `value` belongs together;
			       * flags = FTS_PARTNER_SPLIT: the lock is given back between the two;
			       * FTS_PARTNER_CHECK: it is a read that comes before, see "check-then-use" */
	FTS_SEC_STEP =
		12, /* an access by the thread of access number `value`; text: the type of the
			    * exception that came out of it */
	/*
	 * What was done to the object's reference count before, oldest first: value = how many references
	 * there are after it, signed; text: "made", "takes", "drops", "freed"
	 */
	FTS_SEC_COUNT = 13,
};

enum fts_section_flag {
	FTS_ACCESS_WRITE = 1,
	FTS_ACCESS_ATOMIC = 2,
	FTS_HELD_WRITE = 4, /* exclusively */
	/* Also of FTS_SEC_OTHER: FTS_SEC_HELD tells locks of all kinds, not TSan's own alone. */
	FTS_ACCESS_LOCKS = 8,
	FTS_OBJECT_DATA = 16,   /* FTS_SEC_OBJECT: in the data that the object points to */
	FTS_ACCESS_FREES = 32,  /* not the program's access: here the memory is freed */
	FTS_ACCESS_LATE = 256,  /* at this access the memory was freed already */
	FTS_STEP_UNKNOWN = 128, /* whether it is, is not known */
	FTS_STEP_EQUAL = 64,    /* the value that it writes over is an equal one */
	FTS_MUTEX_UNKNOWN = 1,  /* FTS_SEC_MUTEX: one lock or more, which ones is not known */
	FTS_MUTEX_SIGNAL = 2,   /* another thread gives it back than the one that took it */
	FTS_PARTNER_SPLIT = 1,  /* FTS_SEC_PARTNER */
	FTS_PARTNER_CHECK = 2,
};

struct fts_section {
	uint16_t kind; /* enum fts_section_kind */
	uint16_t flags;
	uint32_t frame_count; /* innermost first */
	int32_t tid;          /* TSan's thread number, -1 = none */
	uint32_t text_length; /* padded to 8 in the stream, after the frames */
	uint64_t address, size, value;
	/* uint64_t frames[frame_count], text */
};

/*
 * A frame is a native program counter (a return address: look up pc - 1) or a Python position:
 *
 *   63    60 59                    16 15             0
 *   0 0 0 1 | id of the code object  | instruction    |     instruction = byte offset / 2
 *
 * Instruction 0xffff is a marker: "the eval loop was entered for this code object", position not
 * known. It stands next outside of a named frame of the same code object, and is then dropped;
 * where it stands behind native frames only (an atomic access of the eval loop itself), it is the
 * frame.
 */
#define FTS_PC_MARKER 0xffffu
#define FTS_PC_PYTHON (1ull << 60)
#define FTS_PC_IS_PYTHON(pc) (((pc) >> 60) == 1)
#define FTS_PC_CODE(pc) ((uint32_t)(((pc) & ~FTS_PC_PYTHON) >> 16))
#define FTS_PC_INSTRUCTION(pc) ((uint32_t)((pc) & 0xffff))

struct fts_crash {
	int32_t signal, code;
	uint64_t address;       /* siginfo's si_addr */
	uint64_t registers[23]; /* gregs of ucontext_t, REG_* order */
	uint64_t fs_base;
};

/*
 * What an address of a crash points to: the one that faulted, or a register. So many as are known
 * stand behind struct fts_crash.
 */
enum {
	FTS_PLACE_FAULT = 0xff, /* source: the address that faulted; else a register's index */
	FTS_PLACE_CHECK = 0xfe, /* source: the object that a check of CPython's own failed on */
	FTS_PLACE_FREED = 1,    /* flags: the block is free */
	FTS_PLACE_STACK = 2,    /* the address is where the memory of the thread's stack ends */
	FTS_CRASH_PLACES = 19,
};
struct fts_crash_place {
	uint64_t address, start, size; /* of the object, or of the block where it has no type */
	uint8_t source, flags;
	char type[46]; /* "" = none is known; else it ends in 0 */
};

/*
 * FTS_REC_SCHEDULE: of a test that is explored (interpose/variables/explore.h), the variables that its
 * threads touched, in time order; in several records if they are many.
 */
struct fts_schedule {
	uint32_t flags;
	uint32_t count;
	/* struct fts_touch[count] */
};
enum fts_schedule_flag {
	FTS_SCHEDULE_LEFT = 1, /* the turn could not be passed on as asked for */
	FTS_SCHEDULE_CUT = 2,  /* there were more than are told */
	FTS_SCHEDULE_DONE = 4, /* the last record */
};
struct fts_touch {
	uint64_t variable;
	uint64_t ready; /* bits: threads that could have run instead, by their numbers */
	uint32_t point; /* 1, 2, ...: behind which instruction */
	uint8_t thread; /* its number */
	uint8_t write;
	uint16_t reserved;
};

/* Two switches in one word, the earlier one in the lower half: a point, and to which thread. */
enum { FTS_SWITCH_THREADS = 64 };
#define FTS_SWITCH(point, thread) ((uint32_t)(point) * FTS_SWITCH_THREADS + (uint32_t)(thread))
#define FTS_SWITCHES(first, second) ((uint64_t)(second) << 32 | (uint32_t)(first))
#define FTS_SWITCHES_BY_SEED UINT64_MAX

enum fts_outcome {
	FTS_OUTCOME_PASSED = 0,
	FTS_OUTCOME_FAILED = 1,
	FTS_OUTCOME_SKIPPED = 2,
	FTS_OUTCOME_NOT_RUN = 3, /* the slice's time was over */
	FTS_OUTCOME_ERROR = 4,   /* set-up or tear-down failed */
	FTS_OUTCOME_APART = 5,   /* a pair of calls that touch nothing in common: not made */
};

struct fts_test {         /* TEST_BEGIN, TEST_END */
	uint32_t index;   /* in the slice */
	uint16_t outcome; /* enum fts_outcome; TEST_END only */
	uint16_t threads; /* in how many threads it ran; 1 = marked thread-unsafe or asked for */
	uint64_t nanoseconds; /* duration; TEST_END only */
};

struct fts_test_fail { /* one for each thread that failed */
	uint32_t index;
	uint16_t thread; /* 0..T-1; UINT16_MAX: set-up, tear-down or no thread */
	uint16_t threads;
	uint32_t type_length, message_length, traceback_length;
	uint32_t reserved;
	/* exception type, message, traceback */
};

/*
 * Exported by libftstress.so for the driver (ctypes). Thread-safe, async-signal-safe.
 *   type     FTS_REC_TEST_BEGIN and up
 *   payload  the bytes after struct fts_record, may be NULL when length is 0
 *   length   bytes; longer ones are cut to FTS_RECORD_MAX
 * Waits while there is no room. Returns 0, or -1 if there is no arena, or no reader for a minute:
 * then the arena says that a record of the run's control is missing, and the runner does not judge.
 */
int ftstress_emit(uint32_t type, const void *payload, uint32_t length);

_Static_assert(sizeof(struct fts_record) == 32, "wire format");
_Static_assert(sizeof(struct fts_lost) == 16, "wire format");
_Static_assert(sizeof(struct fts_crash_place) == 72, "wire format");
_Static_assert(sizeof(struct fts_hook) == 8, "wire format");
_Static_assert(sizeof(struct fts_schedule) == 8, "wire format");
_Static_assert(sizeof(struct fts_touch) == 24, "wire format");
_Static_assert(sizeof(struct fts_module) == 48, "wire format");
_Static_assert(sizeof(struct fts_code) == 24, "wire format");
_Static_assert(sizeof(struct fts_operations) == 8, "wire format");
_Static_assert(sizeof(struct fts_report) == 8, "wire format");
_Static_assert(sizeof(struct fts_section) == 40, "wire format");
_Static_assert(sizeof(struct fts_test) == 16, "wire format");
_Static_assert(sizeof(struct fts_test_fail) == 24, "wire format");

#endif
