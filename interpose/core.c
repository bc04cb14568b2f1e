/*
 * core.c - start-up and fork, of all concerns. What is where, in the order in which data
 * passes (tests/lint/includes.py has the order of the rooms):
 *
 *   wrap/     what the process calls and we see
 *     atomics      TSan's atomic operations: passed on with the order that is meant
 *     fences       what a fence of an extension means
 *     races        TSan's reports as records (report); races_python: those of Python variables
 *     meet         two threads come to where one of them replaces a reference
 *     plain        writes of extensions to fields that count, with no atomic operation
 *     borrowing    the functions of the C API that return a borrowed reference
 *     threads      what a new thread gets first
 *     once         C11's call_once() is TSan's pthread_once()
 *     quiet        while the zygote imports, alone, nothing is told
 *     modules      which shared objects are mapped where
 *     cover        which C functions ran, and in which threads
 *     operations   which C functions are methods of which type
 *     crash        fatal signals
 *   locks/    locks held, and the orders in which they are taken
 *     locks        what each thread holds, and PyMutex; locks_python, locks_pthread,
 *                  locks_semaphore, locks_internal, locks_file: other locks
 *     locks_rule   which locks held order a wait; locks_meet: a thread stays before it, so that it
 *                  deadlocks if it can
 *     locks_report, locks_profile   orders and waiting as records
 *     locks_fork   locks that another thread held when the process forked
 *     locks_standin  the locks held, in TSan's own history: on both sides of a race
 *   variables/  races of Python code on Python variables
 *     variables    where the interpreter's accesses come by; accesses: which are told; told: how;
 *                  fibers: on a second fiber of each thread
 *     sites        where the interpreter reads and writes them; granules: whose they are
 *     renewed      memory that is handed out again is another variable
 *     edges        what orders Python code; channels: pipes, sockets; extensions: locks of C code;
 *                  scope: which code is looked at; states: what a queue has, for who asks
 *     dicts        which key of a dict is missing, or added
 *     methods      functions in place of those of types: iterators: next(); containers: what is in a
 *                  set, bytes; wholes: a list, copied or dropped in one piece; steps: what a function of
 *                  C does in several; classes: attributes that CPython has in its caches
 *     patterns     what is lost; flow: what comes of a value; across: in two functions; fields: two
 *                  that belong together; uses: looked at, then used; handlers: that nothing is lost, as
 *                  the program is prepared;
 *                  equal: as all values are
 *     name         what a variable is called
 *     confirm      makes it happen, by one of the orders that are to be tried; aside: the thread that has
 *                  stopped lets others come; explore: one order of the threads' turns after another
 *   releases/ the releases of CPython: release_31x is what means something else in one
 *   order/    which order the interpreter's atomic operations mean
 *     order        by place (order_table.h); sections: critical sections that only read;
 *                  type_cache: who made a value, not who filled an entry
 *   memory/   Python's heap
 *     made         where each object was made, and by which thread
 *     marks        a race at an address is not the last one there, if other objects get the memory
 *     freed        a block that is freed is told to TSan; allocator.h: CPython's allocators
 *     quarantine   keeps freed blocks, and has all that is done with them told; freelists: those of
 *                  CPython are off then
 *     leaks        what grows with each round of one test
 *     references   to which object there are more references with each round
 *     counts       references that are dropped and were not there
 *     held         objects of which fewer references are counted than are held
 *     borrowed     objects that are borrowed, used, and let go by another thread
 *     countlog     ... and what was done to them before, if that is asked for
 *     contended    objects whose counts many threads write
 *     misuse       tells of a call that must not be made with a block
 *     places       what the addresses of a crash point to
 *   turns/    one thread of a test runs at a time; pairs: the same for pairs of calls
 *     footprint    what a call touches: two calls that touch nothing in common need not be made;
 *                  trace: ThreadSanitizer's history of it
 *     between      locks that order the two calls of a pair, and are about something else
 *     share        objects that a test makes are one for all its threads
 *     waits        where threads wait, and pass the turn on; look: what another thread does
 *   stacks/   Python frames in TSan's history: stacks_entry.S, frames
 *     bytes        loops over single bytes
 *   python/   what is known of CPython's layouts
 *     release      which release this is, and where it has what (layout.h); is it so?
 *                  offsets that are compiled in; probe: what only looking can tell
 *     code         ids for code objects; object: what object an address belongs to; owner: whose
 *                  data a block is; walk: the calling thread's stack
 *   base/     what hooks may use
 *     raw.h        system calls, a lock; symbol: what a wrapper forwards to; memory_order.h; file.h
 *     plt          a function in the place of another, for the calls of one shared object
 *     ring         the writer's side of the shared rings; section: a part of a record
 *     per_thread   memory for each thread; history: TSan's trace of it, and the locks that it holds
 *     private_heap jemalloc of our own
 *     concern.h    what a concern is
 */
#define _GNU_SOURCE
#include "interpose/base/concern.h"
#include "interpose/base/symbol.h"

#include "interpose/locks/locks.h"
#include "interpose/base/private_heap.h"
#include "interpose/base/raw.h"
#include "interpose/base/ring.h"
#include "interpose/variables/variables.h"
#include "interpose/memory/contended.h"
#include "interpose/wrap/meet.h"
#include "interpose/wrap/races.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

static const struct concern *const concerns[] = {
#define ENTRY(name) &concern_##name,
	CONCERNS(ENTRY)
#undef ENTRY
};
#define CONCERN_COUNT (sizeof concerns / sizeof concerns[0])

static void before_fork(void)
{
	for (unsigned i = CONCERN_COUNT; i-- > 0;)
		if (concerns[i]->before_fork)
			concerns[i]->before_fork();
}

static void after_fork_parent(void)
{
	for (unsigned i = 0; i < CONCERN_COUNT; i++)
		if (concerns[i]->after_fork)
			concerns[i]->after_fork(false);
}

static void after_fork_child(void)
{
	ring_forked();
	for (unsigned i = 0; i < CONCERN_COUNT; i++)
		if (concerns[i]->after_fork)
			concerns[i]->after_fork(true);
}

/*
 * Children that are started with exec are not part of the test: they must neither load this
 * library nor print TSan's reports. (TSan itself has read its options by now.)
 */
static void clean_environment(void)
{
	const char *preload = getenv("FTSTRESS_USER_LD_PRELOAD");
	if (preload && *preload)
		setenv("LD_PRELOAD", preload, 1);
	else
		unsetenv("LD_PRELOAD");
	unsetenv("FTSTRESS_USER_LD_PRELOAD");
	unsetenv(FTS_ENV_ARENA);
	setenv("TSAN_OPTIONS",
	       "report_bugs=0:exitcode=0:handle_segv=0:handle_sigbus=0:"
	       "handle_sigfpe=0:handle_sigill=0:handle_abort=0",
	       1);
}

static void announce(const struct concern *concern, bool live, const char *why)
{
	struct fts_hook hook = {
		.state = live ? FTS_HOOK_LIVE : FTS_HOOK_DEAD,
		.name_length = (uint16_t)raw_length(concern->name),
		.why_length = (uint16_t)(why ? raw_length(why) : 0),
	};
	if (why && raw_same(why, CONCERN_OFF))
		hook.state = FTS_HOOK_OFF;
	struct ring_part parts[] = {
		{ &hook, sizeof hook },
		{ concern->name, hook.name_length },
		{ why, hook.why_length },
	};
	ring_write(FTS_REC_HOOK, parts, why ? 3 : 2);
}

/*
 * Called once by the driver, attached to the interpreter, before any other thread exists.
 * Returns 0, or -1 if the library was not started by ftstress; *why then says so in plain words.
 */
EXPORT int ftstress_start(const char **why);
int ftstress_start(const char **why)
{
	if (!ring_init(why))
		return -1;
	for (unsigned i = 0; i < CONCERN_COUNT; i++) {
		const char *reason = NULL;
		bool live = concerns[i]->start(&reason);
		announce(concerns[i], live, live ? NULL : reason);
	}
	pthread_atfork(before_fork, after_fork_parent, after_fork_child);
	clean_environment();
	return 0;
}

/* What the driver calls through ctypes; see record.h. */
EXPORT int ftstress_emit(uint32_t type, const void *payload, uint32_t length)
{
	uint32_t most = FTS_RECORD_MAX - (uint32_t)sizeof(struct fts_record);
	struct ring_part part = { payload, length < most ? length : most };
	if (type == FTS_REC_TEST_END || type == FTS_REC_SLICE_END)
		locks_profile_tell(type == FTS_REC_SLICE_END);
	/* At the end of a process TSan waits a second for other threads, and the fiber counts as one. */
	if (type == FTS_REC_SLICE_END)
		variables_thread_ended();
	return ring_write(type, &part, 1) ? 0 : -1;
}

/* The test that runs now, as an index in the slice, or FTS_NO_TEST. */
EXPORT void ftstress_set_test(uint32_t index);
void ftstress_set_test(uint32_t index)
{
	if (index == FTS_NO_TEST)
		races_test_ends();
	else
		meet_begin();
	ring_set_test(index);
	variables_test(index != FTS_NO_TEST);
	contended_test(index != FTS_NO_TEST);
}

/* Whatever else happens, a program that is executed from here must not load this library. */
static __attribute__((constructor)) void loaded(void)
{
	if (!getenv(FTS_ENV_ARENA))
		unsetenv("LD_PRELOAD");
}
