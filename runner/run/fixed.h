/* fixed.h - what earlier runs found and counts as fixed by now (history.h), by entry. */
#ifndef RUNNER_FIXED_H
#define RUNNER_FIXED_H

#include <stddef.h>
#include <stdint.h>

#include "ftstress/finding.h"
#include "runner/store/store.h"

/*
 * The entries whose findings are all fixed, of those that `run` has not seen, the latest first; to be freed:
 * fixed_free(). The run has to be stored as ended. *count = 0 too if the store can't be read, which is told.
 */
struct report_fixed *fixed_of(struct store *store, int64_t run, size_t *count);
void fixed_free(struct report_fixed *fixed, size_t count);

#endif
