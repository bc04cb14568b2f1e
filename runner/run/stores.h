/*
 * stores.h - the stores of an output folder: FOLDER/SUITE.db, one a suite. For the commands that read them.
 */
#ifndef RUNNER_STORES_H
#define RUNNER_STORES_H

#include <stddef.h>

#include "ftstress/finding.h"
#include "runner/store/store.h"

/* The names of the suites that have a store in the folder, sorted. To be freed: strings_free(). */
char **stores_names(const char *folder, size_t *count);

/*
 * Opens the store of a suite, which may be given as the path of its file; that of its pairs, if nothing else of
 * it was run. EXIT_BAD_INPUT: there is none.
 */
int stores_open(const char *folder, const char *suite, struct store **store);

/*
 * Finds the finding with this id, or the only one whose id begins so, in any store of the folder. *store is open
 * then, *suite its name, to be freed; both may be NULL where nobody wants them. Returns 0, or an exit code after a
 * message to the user.
 */
int stores_find(const char *folder, const char *id, struct store **store, char **suite,
		struct finding *finding);
/* The same in the stores of one suite and its pairs; NULL: of all. */
int stores_find_of(const char *folder, const char *of, const char *id, struct store **store,
		   char **suite, struct finding *finding);

#endif
