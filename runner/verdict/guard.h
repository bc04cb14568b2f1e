/*
 * guard.h - an eye on the process of an attempt: its memory, its progress, its locks, its crash,
 * and what its end means.
 *
 *     guard_begin ─► guard_look, each tick ─► ... ─► guard_judge ─► guard_forget
 *                      may end the process, having said why in trial->killed
 */
#ifndef RUNNER_GUARD_H
#define RUNNER_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "runner/collate/collate.h"
#include "runner/verdict/deadlock.h"
#include "runner/verdict/heap.h"
#include "runner/trial/trial.h"
#include "runner/inspect/unwind.h"

struct guard {
	double followed;          /* now_seconds() of the last look at the process's children */
	uint64_t followers;       /* their bytes */
	struct capture capture;   /* taken of the process before it was killed or died */
	bool captured, looked_at; /* looked_at: it was tried */
	struct capture earlier;   /* of a process that computes without progress; may be empty */
	double still;             /* seconds without progress when it was killed for that */
	uint64_t resident;        /* bytes when it was killed for its memory */
	struct deadlock_watch *watch;
	struct deadlock deadlock; /* count 0 = none was seen */
	struct heap_watch heap;
	bool corrupted;            /* `heap` says in what a thread is caught */
	double sampled, processor; /* when the group's processor time was taken, and what it was */
};

struct guard_limits {
	double timeout;  /* seconds without progress */
	uint64_t memory; /* bytes resident */
};

/* An attempt begins; `now` is now_seconds(). */
void guard_begin(struct guard *guard, double now);

/*
 * Looks at the trial's process, which runs. Returns a note for the user (to be freed), or
 * NULL. `names` NULL: what needs names is left for the next time.
 */
char *guard_look(struct guard *guard, const struct guard_limits *limits,
		 const struct heap_names *names, struct trial *trial, double now);
/* Takes the stacks of the crashed process, which waits for that. Returns as guard_look. */
char *guard_crash(struct guard *guard, const struct trial *trial);

/* Where and how the attempt's process ended. */
struct guard_end {
	const struct iteration_context *context;
	struct collator *collator;
	int status;         /* wait status */
	const char *output; /* what it printed */
};

/* Gives the collator what the end of the process means: a finding, a note, or nothing. */
void guard_judge(const struct guard *guard, const struct guard_limits *limits,
		 const struct trial *trial, const struct guard_end *end);

/* Frees what belongs to the attempt's process. */
void guard_forget(struct guard *guard);
/* And what outlives attempts. */
void guard_free(struct guard *guard);

#endif
