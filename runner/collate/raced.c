/* raced.c - see raced.h. */
#include "runner/collate/raced.h"

#include <stdlib.h>

#include "runner/base/util.h"

/* The object says the most, then the block of malloc(), then what was accessed. */
static bool find(const struct report_view *view, struct race_place *place)
{
	const struct section_view *object = NULL, *heap = NULL, *access = NULL;
	for (size_t i = 0; i < view->count; i++) {
		const struct section_view *section = &view->sections[i];
		if (section->head.kind == FTS_SEC_OBJECT)
			object = section;
		else if (section->head.kind == FTS_SEC_HEAP)
			heap = section;
		else if ((section->head.kind == FTS_SEC_ACCESS ||
			  section->head.kind == FTS_SEC_OTHER) &&
			 (!access || section->head.address > access->head.address))
			access = section; /* both touched the byte at which the higher one begins */
	}
	const struct section_view *found = object ? object : heap ? heap : access;
	if (!found || !found->head.size)
		return false;
	place->start = found->head.address;
	place->size = found->head.size;
	place->data = object && (object->head.flags & FTS_OBJECT_DATA);
	if (object && object->head.text_length)
		place->type = xstrndup(object->text, object->head.text_length);
	return true;
}

void raced_add(struct raced *raced, unsigned zygote, const struct fts_record *record,
	       const struct report_view *view, const struct finding *finding)
{
	struct race_place place = { .zygote = zygote,
				    .pid = record->pid,
				    .nanoseconds = record->nanoseconds,
				    .finding = finding };
	bool told = finding_is_of_memory(finding) || finding->kind == FINDING_PYTHON_RACE;
	if (raced->count >= RACED_MOST || !told || !find(view, &place))
		return;
	for (size_t i = 0; i < raced->count; i++) {
		const struct race_place *other = &raced->places[i];
		if (other->finding == finding && other->pid == place.pid &&
		    other->start == place.start && other->size == place.size) {
			free(place.type);
			return;
		}
	}
	ARRAY_PUSH(raced->places, raced->count, raced->capacity, place);
}

const struct race_place *raced_places(const struct raced *raced, size_t *count)
{
	*count = raced->count;
	return raced->places;
}

void raced_forget(struct raced *raced, unsigned zygote)
{
	size_t kept = 0;
	for (size_t i = 0; i < raced->count; i++) {
		if (raced->places[i].zygote == zygote)
			free(raced->places[i].type);
		else
			raced->places[kept++] = raced->places[i];
	}
	raced->count = kept;
}

void raced_free(struct raced *raced)
{
	for (size_t i = 0; i < raced->count; i++)
		free(raced->places[i].type);
	free(raced->places);
}
