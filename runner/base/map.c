/* map.c - see map.h. */
#include "runner/base/map.h"

#include <stdlib.h>

#include "runner/base/util.h"

static struct map_slot *find(const struct map *map, uint64_t key)
{
	uint64_t state = key;
	size_t mask = map->capacity - 1;
	size_t at = (size_t)splitmix64(&state) & mask;
	while (map->slots[at].value != MAP_NONE && map->slots[at].key != key)
		at = (at + 1) & mask;
	return &map->slots[at];
}

static void grow(struct map *map)
{
	struct map old = *map;
	map->capacity = old.capacity ? old.capacity * 2 : 64;
	map->slots = xmalloc(map->capacity * sizeof *map->slots);
	map_clear(map);
	for (size_t i = 0; i < old.capacity; i++) {
		if (old.slots[i].value != MAP_NONE)
			*find(map, old.slots[i].key) = old.slots[i];
	}
	map->count = old.count;
	free(old.slots);
}

uint64_t map_get(const struct map *map, uint64_t key)
{
	return map->capacity ? find(map, key)->value : MAP_NONE;
}

void map_set(struct map *map, uint64_t key, uint64_t value)
{
	if ((map->count + 1) * 4 > map->capacity * 3)
		grow(map);
	struct map_slot *slot = find(map, key);
	map->count += slot->value == MAP_NONE;
	*slot = (struct map_slot){ key, value };
}

void map_clear(struct map *map)
{
	for (size_t i = 0; i < map->capacity; i++)
		map->slots[i].value = MAP_NONE;
	map->count = 0;
}

void map_free(struct map *map)
{
	free(map->slots);
	*map = (struct map){ 0 };
}
