/* schema.h - the store's tables: made, looked at, and those of an older ftstress changed. */
#ifndef RUNNER_SCHEMA_H
#define RUNNER_SCHEMA_H

#include <stdint.h>

struct store;

/*
 * Makes the tables of a new file. Those of an older schema are changed, all or nothing. EXIT_BAD_INPUT after a
 * message: the file is another program's, or a newer ftstress's; it is left as it is.
 */
int schema_check(struct store *store);

/* Which schema the file has; 0: it is no store, or a newer ftstress's. */
int64_t schema_of(struct store *store);

#endif
