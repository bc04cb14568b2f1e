/*
 * activity.h - which threads of a process run, and which wait: by two samples of their processor
 * time.
 */
#ifndef RUNNER_ACTIVITY_H
#define RUNNER_ACTIVITY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct sample;

struct sampling {
	struct sample *before, *after;
	size_t before_count, after_count;
	double seconds; /* between the two; 0 = nothing was sampled */
};

struct activity {
	char state; /* at the second sample: R running, S waiting, ... */
	bool busy;  /* at least half of the time it ran, or was ready to run */
	double cpu; /* share of a core used, 0..1 */
};

/* Samples all threads of `pid`, for about a tenth of a second. sampling_clear() frees it. */
void sampling_take(struct sampling *sampling, pid_t pid);
void sampling_clear(struct sampling *sampling);

/*
 * What a thread did between the samples. False, and *activity untouched, if it is not in the
 * second.
 */
bool sampling_activity(const struct sampling *sampling, pid_t tid, struct activity *activity);

#endif
