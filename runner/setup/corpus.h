/*
 * corpus.h - the corpus of a suite, which --pairs takes in place of its tests: types, how objects of
 * them are made, and what can be done with them. Made by stress/ftstress_driver/pairs out of the
 * tests, once, and kept in the cache.
 */
#ifndef RUNNER_CORPUS_H
#define RUNNER_CORPUS_H

#include <signal.h>

#include "runner/setup/environment.h"

/*
 * Has the corpus made, or finds it in the cache, and turns `suite` into one whose tests are the
 * pairs. Returns 0 or an exit code, having told the user.
 */
int corpus_take(struct suite *suite, const struct settings *settings,
		const struct environment *environment, const struct paths *paths,
		struct progress *progress, const volatile sig_atomic_t *stop);

#endif
