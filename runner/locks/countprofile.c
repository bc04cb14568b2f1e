/* countprofile.c - see countprofile.h. */
#include "runner/locks/countprofile.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/map.h"
#include "runner/base/util.h"
#include "runner/locks/lockname.h"
#include "runner/locks/lockorder.h"
#include "runner/records/assemble.h"

/* Objects of one type made at one line. Several of them in one test: its time counts once. */
struct sum {
	struct run_count all;
	uint32_t pid;
	uint64_t began; /* the last test that was added */
};

struct countprofile {
	struct sum *sums;
	size_t count, capacity;
	struct map by_kind; /* hash of type and place -> index */
};

struct countprofile *countprofile_new(void)
{
	return xcalloc(1, sizeof(struct countprofile));
}

void countprofile_free(struct countprofile *profile)
{
	if (!profile)
		return;
	for (size_t i = 0; i < profile->count; i++)
		run_count_clear(&profile->sums[i].all);
	free(profile->sums);
	map_free(&profile->by_kind);
	free(profile);
}

void countprofile_add(struct countprofile *profile, const struct run_count *sum, uint32_t pid,
		      uint64_t began)
{
	uint64_t key = hash_string(hash_string(0, sum->type), sum->made ? sum->made : "") >> 1;
	uint64_t at = map_get(&profile->by_kind, key);
	if (at == MAP_NONE) {
		struct sum one = { .all = *sum, .pid = pid, .began = began };
		one.all.type = xstrdup(sum->type);
		one.all.made = xstrdup(sum->made);
		one.all.where = xstrdup(sum->where);
		map_set(&profile->by_kind, key, profile->count);
		ARRAY_PUSH(profile->sums, profile->count, profile->capacity, one);
		return;
	}
	struct sum *same = &profile->sums[at];
	struct run_count *known = &same->all;
	if (same->pid != pid || same->began != began)
		known->seconds += sum->seconds;
	same->pid = pid;
	same->began = began;
	known->changes += sum->changes;
	known->handed_over += sum->handed_over;
	if (sum->threads > known->threads)
		known->threads = sum->threads;
}

/* The innermost line that a person wrote, of a section's stack; or NULL. Is it of the driver? */
static char *line_of(const struct lockorder_host *host, uint32_t pid,
		     const struct section_view *section, bool *ours)
{
	struct stack stack;
	if (!section->head.frame_count)
		return NULL;
	host->frames(host->context,
		     host->intern(host->context, pid, section->frames, section->head.frame_count),
		     &stack);
	const struct frame *frame = lockname_frame(&stack);
	*ours = *ours || (frame && frame->file && strstr(frame->file, "/ftstress_driver/"));
	char *line = frame ? lockname_line(&stack, &host->places) : NULL;
	stack_clear(&stack);
	return line;
}

void countprofile_take(struct countprofile *profile, const struct lockorder_host *host,
		       const struct fts_record *record)
{
	struct report_view view;
	if (!report_parse(record + 1, fts_payload_length(record), &view))
		return;
	const struct section_view *object = view.sections, *sums = view.sections + 1;
	if (view.count == 2 && object->head.kind == FTS_SEC_OBJECT && object->head.text_length &&
	    sums->head.kind == FTS_SEC_OTHER) {
		bool ours = false;
		uint64_t offset;
		char *made = line_of(host, record->pid, object, &ours);
		position at = made ? POSITION_UNKNOWN
				   : host->where(host->context, record->pid, object->head.address);
		struct run_count sum = {
			.type = xstrndup(object->text, object->head.text_length),
			.made = at == POSITION_UNKNOWN ? made
						       : host->variable(host->context, at, &offset),
			.where = line_of(host, record->pid, sums, &ours),
			.changes = sums->head.address,
			.handed_over = sums->head.size,
			.threads = sums->head.value,
			.seconds = (double)object->head.value / 1e9,
		};
		if (!ours)
			countprofile_add(profile, &sum, record->pid, object->head.size);
		run_count_clear(&sum);
	}
	free(view.sections);
}

static int by_handing_over(const void *left, const void *right)
{
	const struct run_count *a = left, *b = right;
	if (a->handed_over != b->handed_over)
		return a->handed_over > b->handed_over ? -1 : 1;
	return strcmp(a->type, b->type);
}

struct run_count *countprofile_most(const struct countprofile *profile, size_t *count)
{
	struct run_count *sorted = xcalloc(profile->count + 1, sizeof *sorted);
	for (size_t i = 0; i < profile->count; i++)
		sorted[i] = profile->sums[i].all;
	qsort(sorted, profile->count, sizeof *sorted, by_handing_over);
	*count = profile->count < COUNTPROFILE_TOLD ? profile->count : COUNTPROFILE_TOLD;
	for (size_t i = 0; i < *count; i++) {
		sorted[i].type = xstrdup(sorted[i].type);
		sorted[i].made = xstrdup(sorted[i].made);
		sorted[i].where = xstrdup(sorted[i].where);
	}
	return sorted;
}
