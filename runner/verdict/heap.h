/*
 * heap.h - is a thread caught in a list of the allocator that leads back into itself?
 *
 *     free ─► block ─► block ─► block ┐     a block that was freed twice, or written to after it
 *                        ▲            │     was freed: who walks the list never comes to its end
 *                        └────────────┘
 *
 * mimalloc, which free-threaded CPython allocates with, walks lists of blocks and of pages until
 * their end. None takes it longer than some milliseconds, so a process without progress whose busy
 * thread is in the same such function whenever it is looked at, HEAP_LOOKS times in a row, walks
 * one without end. One look elsewhere, and it starts anew, after a pause.
 *
 * A look stops the process for some milliseconds and samples it for a tenth of a second. Not
 * thread-safe.
 */
#ifndef RUNNER_HEAP_H
#define RUNNER_HEAP_H

#include <stdbool.h>
#include <sys/types.h>

#include "runner/collate/collate.h"
#include "runner/inspect/unwind.h"

#define HEAP_SECONDS 3.0 /* without progress, until it is looked at */
#define HEAP_EVERY 0.1   /* seconds between looks as long as the thread is seen there */
#define HEAP_PAUSE 5.0   /* seconds after a look that saw nothing of the kind */
#define HEAP_LOOKS 20    /* a function that has half of the time is seen so often 1 in 10^6 times */

struct heap_watch {
	double due; /* of the next look, now_seconds() */
	unsigned seen;
	pid_t tid;
	const char *function; /* a static string */
};

/* Who names native frames. */
struct heap_names {
	struct collator *collator;
	const struct iteration_context *context;
};

/* The function of the allocator that walks a list and that the stack is in, or NULL. */
const char *heap_walker(const struct stack *stack);

/*
 * One look at `now` saw thread `tid` in `function`; NULL: none was. True once it is sure.
 */
bool heap_seen(struct heap_watch *watch, pid_t tid, const char *function, double now);

/* Looks at process `pid`, if it is time for that. True, and the watch says what, once it is sure. */
bool heap_look(struct heap_watch *watch, const struct heap_names *names, pid_t pid, double now);

/* Turns the finding of a hang (fault_of_hang) into that of a corrupted heap. `test`: its name. */
void heap_tell(const struct heap_watch *watch, const char *test, struct finding *finding);

#endif
