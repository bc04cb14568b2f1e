/*
 * guard.h - watches the process of an attempt (one process that runs an iteration, or the rest of
 * one): its memory, its progress, its locks, its crash; and judges how it ended.
 *
 *     guard_begin ─► guard_look, each tick ─► ... ─► guard_judge ─► guard_forget
 *                      may kill the process, and says why in trial->killed
 */
#ifndef RUNNER_GUARD_H
#define RUNNER_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "runner/collate/collate.h"
#include "runner/verdict/deadlock.h"
#include "runner/verdict/heap.h"
#include "runner/verdict/livelock.h"
#include "runner/trial/trial.h"
#include "runner/inspect/unwind.h"

struct guard {
	double followed;          /* now_seconds() of the last look at the process's children */
	uint64_t followers;       /* the children's memory, bytes */
	struct capture capture;   /* of the process, before it was killed or died */
	bool captured, looked_at; /* there is a capture; one was tried */
	struct capture
		earlier;   /* an earlier one, while it computed without progress; may be empty */
	double still;      /* seconds without progress, if it was killed for that */
	uint64_t resident; /* bytes, if it was killed for its memory */
	struct deadlock_watch *watch;
	struct deadlock deadlock; /* count 0 = none was seen */
	struct heap_watch heap;
	struct livelock livelock;
	bool corrupted;            /* a thread is caught in the function that `heap` names */
	double sampled, processor; /* when processor time was last looked at, and what it was */
};

struct guard_limits {
	double timeout;  /* seconds without progress */
	uint64_t memory; /* bytes resident */
	double alone;    /* seconds that the test takes alone: see livelock.h */
};

/* To be called when an attempt begins; `now` is now_seconds(). */
void guard_begin(struct guard *guard, double now);

/*
 * Looks at the trial's process, which runs. Returns a note for the user (to be freed), or NULL. If
 * `names` is NULL, what needs the names of functions is left for the next time.
 */
char *guard_look(struct guard *guard, const struct guard_limits *limits,
		 const struct heap_names *names, struct trial *trial, double now);
/* Captures the stacks of the crashed process, which waits for that. Returns the same. */
char *guard_crash(struct guard *guard, const struct trial *trial);

/* How the attempt's process ended. */
struct guard_end {
	const struct iteration_context *context;
	struct collator *collator;
	int status;         /* wait status */
	const char *output; /* what it printed */
};

/* Judges how the process ended, and gives the collator a finding, a note, or nothing. */
void guard_judge(const struct guard *guard, const struct guard_limits *limits,
		 const struct trial *trial, const struct guard_end *end);

/* Frees what belongs to the attempt's process. */
void guard_forget(struct guard *guard);
/* The same, and what is kept from one attempt to the next. */
void guard_free(struct guard *guard);

#endif
