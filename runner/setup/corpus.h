/*
 * corpus.h - the corpus of a suite, which --pairs runs in place of its tests. A corpus says which
 * types there are, how objects of them are made, and which operations they have. The driver's
 * package (stress/ftstress_driver/pairs) makes it out of the tests, once; it is kept in the cache.
 */
#ifndef RUNNER_CORPUS_H
#define RUNNER_CORPUS_H

#include <signal.h>
#include <stdbool.h>

#include "runner/setup/environment.h"

/*
 * Finds the corpus in the cache or has it made, and turns `suite` into one whose tests are the
 * pairs. Returns 0, or an exit code after a message to the user.
 */
int corpus_take(struct suite *suite, const struct settings *settings,
		const struct environment *environment, const struct paths *paths,
		struct progress *progress, const volatile sig_atomic_t *stop);

/* Has the corpus that `suite` was turned into classes in Python? */
bool corpus_is_python(const struct suite *suite);

#endif
