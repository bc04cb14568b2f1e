/*
 * core.c - start-up, fork, and the list of concerns.
 *
 *   core        this file
 *   raw.h       system calls, a lock: what hooks may use
 *   ring        the writer's side of the shared rings
 *   private_heap  jemalloc of our own
 *   modules     which shared objects are mapped where
 *   code        ids for Python code objects
 *   stacks      Python frames in TSan's history; stacks_entry.S, stacks_31x.c, stacks_template.h
 *   races       TSan's reports as records
 *   object      what Python object an address belongs to
 *   threads     what a new thread gets first
 *   order       which order the interpreter's atomic operations mean; atomics.c passes it on
 *   crash       fatal signals
 *   locks       locks held, and the orders in which they are taken
 *   turns       one thread of a test runs at a time
 */
#define _GNU_SOURCE
#include "core.h"

#include "code.h"
#include "crash.h"
#include "locks.h"
#include "order.h"
#include "private_heap.h"
#include "raw.h"
#include "ring.h"
#include "turns.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

static const struct concern *const concerns[] = {
	&concern_heap,  &concern_modules, &concern_stacks, &concern_races, &concern_threads,
	&concern_crash, &concern_order,   &concern_locks,  &concern_turns,
};
#define CONCERNS (sizeof concerns / sizeof concerns[0])

void *core_next(const char *symbol)
{
	return dlsym(RTLD_NEXT, symbol);
}

void *core_need(const char *symbol)
{
	void *found = dlsym(RTLD_NEXT, symbol);
	if (found)
		return found;
	static const char text[] = "libftstress.so: this process has no shared ThreadSanitizer "
				   "runtime; missing symbol: ";
	raw_syscall3(SYS_write, 2, (long)text, sizeof text - 1);
	raw_syscall3(SYS_write, 2, (long)symbol, (long)raw_length(symbol));
	raw_syscall3(SYS_write, 2, (long)"\n", 1);
	raw_syscall3(SYS_exit_group, 3, 0, 0);
	__builtin_unreachable();
}

static void before_fork(void)
{
	for (unsigned i = 0; i < CONCERNS; i++)
		if (concerns[i]->before_fork)
			concerns[i]->before_fork();
}

static void after_fork_parent(void)
{
	for (unsigned i = CONCERNS; i-- > 0;)
		if (concerns[i]->after_fork)
			concerns[i]->after_fork(false);
}

static void after_fork_child(void)
{
	ring_forked();
	for (unsigned i = CONCERNS; i-- > 0;)
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
		.live = live,
		.name_length = (uint16_t)raw_length(concern->name),
		.why_length = (uint16_t)(why ? raw_length(why) : 0),
	};
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
	for (unsigned i = 0; i < CONCERNS; i++) {
		const char *reason = NULL;
		bool live = concerns[i]->start(&reason);
		announce(concerns[i], live, live ? NULL : reason);
	}
	pthread_atfork(before_fork, after_fork_parent, after_fork_child);
	clean_environment();
	return 0;
}

/* Whatever else happens, a program that is executed from here must not load this library. */
static __attribute__((constructor)) void loaded(void)
{
	if (!getenv(FTS_ENV_ARENA))
		unsetenv("LD_PRELOAD");
}
