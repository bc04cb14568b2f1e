/* cover.c - see cover.h. */
#include "runner/records/cover.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"

static struct cover_module *module_of(struct cover *cover, const char *path, uint32_t count)
{
	for (size_t i = 0; i < cover->count; i++)
		if (cover->modules[i].count == count && !strcmp(cover->modules[i].path, path))
			return &cover->modules[i];
	ARRAY_PUSH(cover->modules, cover->count, cover->capacity,
		   ((struct cover_module){ xstrdup(path), count, xcalloc(count, 1) }));
	return &cover->modules[cover->count - 1];
}

void cover_take(struct cover *cover, const struct fts_arena *arena)
{
	cover->objects_shared += __atomic_load_n(&arena->objects_shared, __ATOMIC_RELAXED);
	for (size_t i = 0; i < FTS_COVER_MODULES; i++) {
		const struct fts_cover_module *told = &arena->cover.module[i];
		uint32_t state = __atomic_load_n(&told->state, __ATOMIC_ACQUIRE);
		if (state == FTS_COVER_FREE)
			break; /* they are used one after the other */
		uint32_t first = told->first, count = told->count;
		if (state != FTS_COVER_READY || !first || !count || first >= FTS_COVER_FUNCTIONS ||
		    count > FTS_COVER_FUNCTIONS - first ||
		    !memchr(told->path, '\0', sizeof told->path))
			continue;
		struct cover_module *module = module_of(cover, told->path, count);
		for (uint32_t k = 0; k < count; k++)
			module->reached[k] |=
				__atomic_load_n(&arena->cover.reached[first + k], __ATOMIC_RELAXED);
	}
}

void cover_count(const struct cover *cover, uint64_t counts[COVER_KINDS])
{
	memset(counts, 0, COVER_KINDS * sizeof *counts);
	for (size_t i = 0; i < cover->count; i++) {
		for (uint32_t k = 0; k < cover->modules[i].count; k++) {
			uint8_t reached = cover->modules[i].reached[k];
			counts[reached & FTS_COVER_OBJECT    ? COVER_OBJECT
			       : reached & FTS_COVER_THREADS ? COVER_THREADS
			       : reached & FTS_COVER_RAN     ? COVER_ONE_THREAD
							     : COVER_NEVER]++;
		}
	}
}

void cover_clear(struct cover *cover)
{
	for (size_t i = 0; i < cover->count; i++) {
		free(cover->modules[i].path);
		free(cover->modules[i].reached);
	}
	free(cover->modules);
	*cover = (struct cover){ 0 };
}
