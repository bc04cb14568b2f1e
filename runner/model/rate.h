/*
 * rate.h - how often something comes, from some tries.
 *
 *     seen in 14 of 20 tries: 70 %, and at 95 % between 48 and 85 % (Wilson's interval)
 *     rate 70 %: after 3 tries without it, it would have come at 95 %
 */
#ifndef RUNNER_RATE_H
#define RUNNER_RATE_H

#include <stdint.h>

#include "runner/base/util.h"

/* From 0 to 1. Of no tries: all of that. */
struct rate_interval {
	double low, high;
};

/*
 * Wilson's score interval at 95 % (E. B. Wilson, "Probable inference", 1927): good for few tries, and for rates
 * near 0 and 1, where that of the normal distribution is not.
 */
struct rate_interval rate_of(uint64_t seen, uint64_t tries);

/* How many tries are needed so that one of this rate is seen at 95 %; at least 1. 0: the rate is none. */
uint64_t rate_tries(double rate);

/* "14 of 20 tries (48 to 85 % at 95 %)" */
void rate_add(struct buf *out, uint64_t seen, uint64_t tries);

#endif
