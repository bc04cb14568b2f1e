/* enough.c - see enough.h. */
#include "runner/model/enough.h"

#define CHANCE 0.05

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
