/* rates.h - how often ordinary runs of its tests show a finding, in which iterations, and whether it had been gone. */
#ifndef RUNNER_RATES_H
#define RUNNER_RATES_H

#include <stddef.h>
#include <stdint.h>

#include "ftstress/finding.h"
#include "runner/store/store.h"

/*
 * One for each finding, in their order; to be freed: rates_free(). Of those that count as found, as far as `run` has
 * counted turns; the run has to be stored as ended. `seed`: the run's; only of its own plan are iterations told. NULL:
 * it has none, or the store can't be read (which is told).
 */
struct finding_rate *rates_of(struct store *store, int64_t run, const char *seed,
			      const struct finding *const *findings, size_t count);
void rates_free(struct finding_rate *rates, size_t count);

#endif
