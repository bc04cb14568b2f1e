/*
 * map.h - 64-bit keys to 64-bit values: open addressing, linear probing, load under 3/4.
 *
 * Zero-initialise, release with map_free. Keys need not be mixed. Not thread-safe.
 */
#ifndef RUNNER_MAP_H
#define RUNNER_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAP_NONE UINT64_MAX /* never a value */

struct map_slot {
	uint64_t key, value;
};

struct map {
	struct map_slot *slots;
	size_t capacity, count;
};

/* The value of `key`, or MAP_NONE. */
uint64_t map_get(const struct map *map, uint64_t key);
void map_set(struct map *map, uint64_t key, uint64_t value);
void map_clear(struct map *map); /* empty, memory kept */
void map_free(struct map *map);

#endif
