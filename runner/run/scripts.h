/*
 * scripts.h - of a run of pairs, a script beside the reports for each entry: both operations of its
 * witness' pair in loops, with Python and the package alone (stress/ftstress_driver/pairs/scripts.py).
 *
 *     reports/repro_data-race-0123456789ab.py
 */
#ifndef RUNNER_SCRIPTS_H
#define RUNNER_SCRIPTS_H

#include <signal.h>

#include "runner/base/progress.h"
#include "runner/collate/collate.h"
#include "runner/setup/environment.h"
#include "runner/store/store.h"

struct scripts_options {
	struct collator *collator;
	struct store *store;
	const struct suite *suite; /* its target is the corpus */
	const struct environment *environment;
	const struct paths *paths;
	struct progress *progress;
	const char *output; /* the folder of the reports */
	const volatile sig_atomic_t *stop;
};

/* Writes them, and says in the findings where they are, or why there is none. Returns 0 or an exit
 * code, having told the user; that a script can't be written is a note. */
int scripts_take(const struct scripts_options *options);

#endif
