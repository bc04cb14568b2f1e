/* follow.c - see follow.h. */
#include "runner/collate/follow.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runner/collate/ledger.h"
#include "runner/model/fingerprint.h"
#include "runner/model/memory.h"
#include "runner/base/util.h"

static bool is_race(const struct finding *finding)
{
	return finding_is_race(finding) && finding->participant_count == 2;
}

/* Does the side make, free or move the object, and not use it? */
static bool is_about_memory(const struct participant *side)
{
	enum memory_act act = memory_act(&side->stack);
	return act == MEMORY_GIVEN || act == MEMORY_FREED || act == MEMORY_MOVED ||
	       memory_is_making(side);
}

static bool any_about_memory(const struct finding *finding)
{
	return is_about_memory(&finding->participants[0]) ||
	       is_about_memory(&finding->participants[1]);
}

/* The innermost line that the user wrote, or NULL. */
static const struct frame *line_of(const struct participant *side)
{
	for (size_t i = 0; i < side->stack.count; i++) {
		const struct frame *frame = &side->stack.frames[i];
		bool python = frame->language == FRAME_PYTHON || frame->language == FRAME_CYTHON;
		if (python && !frame->plumbing && frame->file)
			return frame;
	}
	return NULL;
}

static bool same_function(const struct participant *a, const struct participant *b, bool and_line)
{
	const struct frame *one = line_of(a), *other = line_of(b);
	return one && other && !strcmp(one->file, other->file) &&
	       !strcmp(one->function, other->function) && (!and_line || one->line == other->line);
}

/* Could a thread have got the object of `finding` through the slot that `slot` races on? */
static bool got_through(const struct finding *finding, const struct finding *slot)
{
	const struct participant *sides = finding->participants, *others = slot->participants;
	bool both = is_about_memory(&sides[0]) && is_about_memory(&sides[1]);
	for (size_t user = 0; user < 2; user++) {
		if (!both && is_about_memory(&sides[user]))
			continue;
		const struct participant *memory = &sides[1 - user];
		for (size_t i = 0; i < 2; i++) {
			/* If the memory has been freed and reused, its side may have no line. */
			if (same_function(&sides[user], &others[i], true) &&
			    (!line_of(memory) || same_function(memory, &others[1 - i], false)))
				return true;
		}
	}
	return false;
}

/* The site of a side: the functions of C by which it came to the memory, and the line of Python. */
static bool same_use(const struct participant *a, const struct participant *b)
{
	size_t one = site_frame(&a->stack), other = site_frame(&b->stack);
	if (one == SITE_NONE || other == SITE_NONE)
		return false;
	char *text = frame_text(&a->stack.frames[one], NULL);
	char *others = frame_text(&b->stack.frames[other], NULL);
	bool same = !strcmp(text, others) &&
		    (line_of(a) || line_of(b)
			     ? same_function(a, b, true)
			     : a->stack.frames[one].line == b->stack.frames[other].line);
	free(others);
	free(text);
	return same;
}

/* Was the memory freed while it was in use, and is this the same use, which met who got it then? */
static bool got_after(const struct finding *finding, const struct finding *freed)
{
	const struct participant *end = memory_freed_in_use(freed);
	if (!end || memory_freed_in_use(finding))
		return false;
	const struct participant *use = &freed->participants[end == freed->participants];
	for (size_t i = 0; i < 2; i++) {
		const struct participant *other = &finding->participants[1 - i];
		if (same_use(&finding->participants[i], use) && is_about_memory(other))
			return true;
	}
	return false;
}

/* A crash names the race before it on the same memory. */
static void follow_crashes(struct finding *const *findings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; findings[i]->cause && k < count && !findings[i]->follows; k++)
			if (!strcmp(findings[k]->id, findings[i]->cause))
				findings[i]->follows = xstrdup(findings[k]->id);
}

void follow_mark(struct finding *const *findings, size_t count)
{
	struct finding **races = xcalloc(count + 1, sizeof *races);
	size_t race_count = 0;
	for (size_t i = 0; i < count; i++) {
		free(findings[i]->follows);
		findings[i]->follows = NULL;
		if (is_race(findings[i]))
			races[race_count++] = findings[i];
	}
	/* Sorted as in the report: if several fit, the one that stands first there is named. */
	qsort(races, race_count, sizeof *races, finding_compare);
	for (size_t i = 0; i < race_count; i++) {
		bool about_memory = finding_is_race(races[i]) && any_about_memory(races[i]);
		for (size_t k = 0; about_memory && k < race_count && !races[i]->follows; k++) {
			if (!any_about_memory(races[k]) && got_through(races[i], races[k]))
				races[i]->follows = xstrdup(races[k]->id);
		}
		for (size_t k = 0; about_memory && k < race_count && !races[i]->follows; k++) {
			if (got_after(races[i], races[k]))
				races[i]->follows = xstrdup(races[k]->id);
		}
	}
	free(races);
	follow_crashes(findings, count);
}
