/*
 * results.h - results of two calls that no order of them explains: at the end of a run of pairs, in a
 * plain interpreter, by threads that really overlap (stress/ftstress_driver/pairs/results.py).
 *
 * Told of a pair in which nothing else was found: a race explains wrong results, too.
 */
#ifndef RUNNER_RESULTS_H
#define RUNNER_RESULTS_H

#include <signal.h>
#include <stdint.h>

#include "runner/base/progress.h"
#include "runner/collate/collate.h"
#include "runner/model/matrix.h"
#include "runner/setup/environment.h"
#include "runner/store/store.h"

struct results_options {
	struct collator *collator;
	struct matrix *matrix;
	struct store *store;
	int64_t run;
	const struct suite *suite; /* its target is the corpus, its arguments are types */
	const struct environment *environment;
	const struct paths *paths;
	const char *scratch; /* folder of the run, in which the calls may write */
	struct progress *progress;
	double total; /* seconds for all of it */
	const volatile sig_atomic_t *stop;
};

/* Makes findings of them. Returns 0 or an exit code, having told the user. */
int results_take(const struct results_options *options);

#endif
