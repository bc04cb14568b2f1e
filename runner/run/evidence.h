/*
 * evidence.h - what the races of a run of pairs do to a plain interpreter: both calls of one pair a
 * field, by threads that really overlap, for a second.
 *
 * A race is a fact about the order of two accesses; a crash is what convinces. Silence proves
 * nothing.
 */
#ifndef RUNNER_EVIDENCE_H
#define RUNNER_EVIDENCE_H

#include <signal.h>

#include "runner/base/progress.h"
#include "runner/collate/collate.h"
#include "runner/setup/environment.h"
#include "runner/store/store.h"

#define EVIDENCE_SECONDS 1.0 /* of overlapping calls, for a field */
#define EVIDENCE_LIMIT 12    /* seconds until such a process counts as hung */

struct evidence_options {
	struct collator *collator;
	struct store *store;
	const struct suite *suite; /* its target is the corpus */
	const struct environment *environment;
	const struct paths *paths;
	const char *scratch; /* folder of the run, in which the calls may write */
	struct progress *progress;
	double total; /* seconds for all of it */
	const volatile sig_atomic_t *stop;
};

/* Tries the new races of pairs, and adds what came of it to the findings. Returns 0 or an exit
 * code, having told the user. */
int evidence_take(const struct evidence_options *options);

#endif
