/* enough.c - see enough.h. */
#include "runner/model/enough.h"

#include <math.h>

#define CHANCE 0.05
#define DEVIATIONS 1.96 /* of a normal distribution, for 95 % */

double enough_chance(uint64_t seen, uint64_t before, uint64_t after)
{
	double chance = 1;
	if (seen > before)
		seen = before;
	/* C(n, k) / C(n + m, k) as a product of k factors, none above 1. */
	for (uint64_t i = 0; i < seen && chance > CHANCE / 1e9; i++)
		chance *= (double)(before - i) / (double)(before + after - i);
	return chance;
}

uint64_t enough_turns(uint64_t seen, uint64_t before)
{
	uint64_t low = 0, high = 1;
	if (!seen || !before)
		return 0;
	while (enough_chance(seen, before, high) > CHANCE)
		high *= 2;
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;
		if (enough_chance(seen, before, middle) > CHANCE)
			low = middle;
		else
			high = middle;
	}
	return high;
}

void enough_interval(uint64_t seen, uint64_t turns, double *low, double *high)
{
	double n = (double)turns, share = (double)(seen < turns ? seen : turns) / n;
	double square = DEVIATIONS * DEVIATIONS;
	double middle = (share + square / (2 * n)) / (1 + square / n);
	double half = DEVIATIONS / (1 + square / n) *
		      sqrt(share * (1 - share) / n + square / (4 * n * n));
	*low = seen ? fmax(0, middle - half) : 0;
	*high = seen < turns ? fmin(1, middle + half) : 1;
}
