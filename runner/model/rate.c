/* rate.c - see rate.h. */
#include "runner/model/rate.h"

#include <inttypes.h>
#include <math.h>

#define Z 1.959963984540054 /* of the normal distribution, 95 % lie within so many deviations */
#define MISSED 0.05

struct rate_interval rate_of(uint64_t seen, uint64_t tries)
{
	if (!tries)
		return (struct rate_interval){ 0, 1 };
	double n = (double)tries, p = (double)(seen < tries ? seen : tries) / n;
	double middle = p + Z * Z / (2 * n);
	double width = Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));
	double low = (middle - width) / (1 + Z * Z / n), high = (middle + width) / (1 + Z * Z / n);
	return (struct rate_interval){ seen && low > 0 ? low : 0, seen < tries ? high : 1 };
}

uint64_t rate_tries(double rate)
{
	if (rate <= 0)
		return 0;
	if (rate >= 1 - MISSED)
		return 1;
	return (uint64_t)ceil(log(MISSED) / log1p(-rate));
}

void rate_add(struct buf *out, uint64_t seen, uint64_t tries)
{
	struct rate_interval rate = rate_of(seen, tries);
	buf_printf(out, "%" PRIu64 " of %" PRIu64 " %s (%.0f to %.0f %% at 95 %%)", seen, tries,
		   tries == 1 ? "try" : "tries", floor(rate.low * 100), ceil(rate.high * 100));
}
