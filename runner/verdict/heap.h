/*
 * heap.h - is a thread caught in a list of the allocator that leads back into itself?
 *
 *     free ─► block ─► block ─► block ┐     A block was freed twice, or written to after it was
 *                        ▲            │     freed: a thread that walks the list never comes to its
 *                        └────────────┘     end.
 *
 * mimalloc, the allocator of free-threaded CPython, walks lists of blocks and lists of pages to
 * their end. That takes some milliseconds at most. So if a process makes no progress, and one busy
 * thread is in the same such function whenever we look, HEAP_LOOKS times in a row, the list has no
 * end. If the thread is elsewhere at one look, the count begins anew, after a pause.
 *
 * A look stops the process for some milliseconds, and samples it for a tenth of a second. Not
 * thread-safe.
 */
#ifndef RUNNER_HEAP_H
#define RUNNER_HEAP_H

#include <stdbool.h>
#include <sys/types.h>

#include "runner/collate/collate.h"
#include "runner/inspect/unwind.h"

#define HEAP_SECONDS 3.0 /* without progress, before the first look */
#define HEAP_EVERY 0.1   /* seconds between looks, while the thread is in such a function */
#define HEAP_PAUSE 5.0   /* seconds after a look that saw no thread there */
/*
 * If a thread spends half of its time in the function, so many looks in a row see it there once in
 * a million times.
 */
#define HEAP_LOOKS 20

struct heap_watch {
	double due;    /* when the next look is, in now_seconds() */
	unsigned seen; /* at so many looks in a row */
	pid_t tid;
	const char *function; /* a static string */
};

/* What is needed to name native frames. */
struct heap_names {
	struct collator *collator;
	const struct iteration_context *context;
};

/* The function of the allocator that walks a list, if the stack is in one; or NULL. */
const char *heap_walker(const struct stack *stack);

/*
 * A look at `now` saw thread `tid` in `function`; NULL: it saw none. True once it is sure.
 */
bool heap_seen(struct heap_watch *watch, pid_t tid, const char *function, double now);

/*
 * Looks at process `pid`, if it is time for that. True once it is sure; the watch then says what.
 */
bool heap_look(struct heap_watch *watch, const struct heap_names *names, pid_t pid, double now);

/* Turns the finding of a hang (fault_of_hang) into that of a corrupted heap. `test`: its name. */
void heap_tell(const struct heap_watch *watch, const char *test, struct finding *finding);

#endif
