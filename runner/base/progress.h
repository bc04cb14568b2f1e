/*
 * progress.h - what the user sees while a run goes on, on standard error.
 *
 * On a terminal one line, drawn at most five times a second, taken away while a message is printed.
 * Elsewhere a plain line every ten seconds. There is one display at a time: messages (util.h) know
 * it through a pointer.
 */
#ifndef RUNNER_PROGRESS_H
#define RUNNER_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress_state {
	uint64_t done, total; /* iterations; total 0 = no end */
	uint64_t before;      /* of `done`: in the run that this one goes on with */
	uint64_t tests;       /* that ran */
	/* Of the iterations that run now: tests that began, and all of them; 0 = not shown. */
	uint64_t slice_begun, slice_tests;
	/* The test that has run for the longest, if it is worth telling; borrowed, or NULL. */
	const char *slow_test;
	double slow_seconds;
	double ends_in;  /* the time is over: seconds until what still runs is ended; 0 = not yet */
	bool starting;   /* no iteration began yet: the suite is imported */
	bool rechecking; /* see recheck.h; all iterations are done */
	size_t findings_new, findings_known;
	double started;  /* now_seconds() */
	double duration; /* seconds, 0 = no limit */
};

struct progress;

/* `quiet`: nothing is shown. Never NULL. */
struct progress *progress_open(bool quiet);
/* Takes the line away. NULL is fine. */
void progress_close(struct progress *progress);

/* Shows it if enough time has passed since the last time. */
void progress_show(struct progress *progress, const struct progress_state *state);
/*
 * Shows a step of the preparation: "NumPy 2.4.6: compiling", with the share done of `total`; where
 * that is not known (either is 0), with the time since the step was first shown.
 */
void progress_step(struct progress *progress, const char *text, uint64_t done, uint64_t total);

#endif
