/* follow.c - see follow.h. */
#include "runner/collate/follow.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runner/collate/ledger.h"
#include "runner/model/fingerprint.h"
#include "runner/model/memory.h"
#include "runner/base/util.h"

#define NEAR 3
#define WAY 8
#define OBJECT_HEAD_COUNTS                                                                         \
	24 /* bytes of an object that say whose it is and how often it is there */

/* What is asked of a side again and again: each race is compared with all others. */
struct side {
	bool about_memory; /* it makes, frees or moves the object, and does not use it */
	/* Hashes; 0 = there is none. Of the innermost line that the user wrote: its function, and
	 * the line itself. Of the use: the functions of C by which it came to the memory, and that line. */
	uint64_t function, line, use;
	/* Of the functions of C that stand next to the access, and of those by which the user's line came there. */
	uint64_t near[NEAR], way[WAY];
};

struct race {
	struct finding *finding;
	struct side sides[2];
	int end; /* the side that frees memory that is in use, or -1 */
};

static bool is_about_memory(const struct participant *side)
{
	enum memory_act act = memory_act(&side->stack);
	return act == MEMORY_GIVEN || act == MEMORY_FREED || act == MEMORY_MOVED ||
	       memory_is_making(side);
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

static uint64_t with_number(uint64_t hash, int number)
{
	return hash_bytes(hash, &number, sizeof number);
}

/* Functions of C from the access on, up to the first line of Python. */
static void note_functions(struct side *side, const struct stack *stack, size_t site)
{
	for (size_t i = 0; i < WAY && site + i < stack->count; i++) {
		const struct frame *frame = &stack->frames[site + i];
		if (frame->language == FRAME_PYTHON)
			return;
		side->way[i] = hash_string(3, frame->function);
		if (i < NEAR)
			side->near[i] = side->way[i];
	}
}

static struct side side_of(const struct participant *from)
{
	struct side side = { .about_memory = is_about_memory(from) };
	const struct frame *line = line_of(from);
	if (line) {
		side.function = hash_string(hash_string(1, line->file), line->function);
		side.line = with_number(side.function, line->line);
	}
	size_t site = site_frame(&from->stack);
	if (site == SITE_NONE)
		return side;
	note_functions(&side, &from->stack, site);
	char *text = frame_text(&from->stack.frames[site], NULL);
	uint64_t use = hash_string(2, text);
	side.use = line ? hash_bytes(use, &side.line, sizeof side.line)
			: with_number(use, from->stack.frames[site].line);
	free(text);
	return side;
}

static struct race race_of(struct finding *finding)
{
	const struct participant *end = memory_freed_in_use(finding);
	return (struct race){
		.finding = finding,
		.sides = { side_of(&finding->participants[0]), side_of(&finding->participants[1]) },
		.end = !end                           ? -1
		       : end == finding->participants ? 0
						      : 1,
	};
}

static bool any_about_memory(const struct race *race)
{
	return race->sides[0].about_memory || race->sides[1].about_memory;
}

static bool same(uint64_t one, uint64_t other)
{
	return one && one == other;
}

static bool share(const uint64_t *one, const uint64_t *two, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < count; k++)
			if (same(one[i], two[k]))
				return true;
	return false;
}

/* Could a thread have got the object of `race` through the slot that `slot` races on? `same_way`: one function of
 * C came to both. */
static bool got_through(const struct race *race, const struct race *slot, bool same_way)
{
	const struct side *sides = race->sides, *others = slot->sides;
	bool both = sides[0].about_memory && sides[1].about_memory;
	for (size_t user = 0; user < 2; user++) {
		if (!both && sides[user].about_memory)
			continue;
		const struct side *memory = &sides[1 - user];
		for (size_t i = 0; i < 2; i++) {
			/* If the memory has been freed and reused, its side may have no line. */
			if (same_way && !share(sides[user].way, others[i].way, WAY))
				continue;
			if (same(sides[user].line, others[i].line) &&
			    (!memory->function || same(memory->function, others[1 - i].function)))
				return true;
		}
	}
	return false;
}

/* Was the memory freed while it was in use, and is this the same use, which met who got it then? */
static bool got_after(const struct race *race, const struct race *freed)
{
	if (freed->end < 0 || race->end >= 0)
		return false;
	uint64_t use = freed->sides[1 - freed->end].use;
	for (size_t i = 0; i < 2; i++)
		if (same(race->sides[i].use, use) && race->sides[1 - i].about_memory)
			return true;
	return false;
}

/*
 * Is the object made next to where the slot is written, by the same function, and did the user come to both in
 * the same way? Which lines of Python those are may be chance: what makes a static type ready is done once.
 */
static bool made_where_stored(const struct race *race, const struct race *slot)
{
	const struct side *sides = race->sides, *others = slot->sides;
	for (size_t user = 0; user < 2; user++) {
		const struct side *maker = &sides[1 - user];
		for (size_t i = 0; i < 2; i++)
			if (maker->about_memory && !sides[user].about_memory &&
			    share(maker->near, others[1 - i].near, NEAR) &&
			    share(sides[user].way, others[i].way, WAY))
				return true;
	}
	return false;
}

/* The first race that fits best, or NULL. */
static const struct finding *cause_of(const struct race *race, const struct race *races,
				      size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!any_about_memory(&races[i]) && got_through(race, &races[i], true))
			return races[i].finding;
	for (size_t i = 0; i < count; i++)
		if (!any_about_memory(&races[i]) && made_where_stored(race, &races[i]))
			return races[i].finding;
	for (size_t i = 0; i < count; i++)
		if (!any_about_memory(&races[i]) && got_through(race, &races[i], false))
			return races[i].finding;
	for (size_t i = 0; i < count; i++)
		if (got_after(race, &races[i]))
			return races[i].finding;
	return NULL;
}

static int by_place(const void *a, const void *b)
{
	const struct race *one = a, *other = b;
	return finding_compare(&one->finding, &other->finding);
}

/* A crash, or a hang, names the race before it on the same memory. */
static void follow_crashes(struct finding *const *findings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; findings[i]->cause && k < count && !findings[i]->follows; k++)
			if (!strcmp(findings[k]->id, findings[i]->cause)) {
				findings[i]->follows = xstrdup(findings[k]->id);
				findings[k]->caused_crash = findings[k]->caused_crash ||
							    findings[i]->kind == FINDING_CRASH;
			}
}

/* Is it the same function that writes there? */
static bool is_written_by(const struct participant *side, const struct participant *writer)
{
	size_t at = site_frame(&side->stack), of = site_frame(&writer->stack);
	if (at == SITE_NONE || of == SITE_NONE)
		return false;
	const struct frame *one = &side->stack.frames[at], *two = &writer->stack.frames[of];
	return !strcmp(one->function, two->function) && one->file && two->file &&
	       !strcmp(one->file, two->file);
}

/* A race on the head of an object that a side writes to, where a finding says that it counts so. */
static void follow_plain_counts(struct finding *race, struct finding *const *findings, size_t count)
{
	bool head =
		(race->subject.kind == SUBJECT_OBJECT || race->subject.kind == SUBJECT_GLOBAL) &&
		race->subject.offset < OBJECT_HEAD_COUNTS;
	for (size_t i = 0; head && !race->follows && i < count; i++) {
		const struct finding *cause = findings[i];
		if (cause->kind != FINDING_REFERENCE_COUNT || !cause->pattern ||
		    strcmp(cause->pattern, "plain") != 0 || !cause->participant_count)
			continue;
		for (size_t k = 0; k < race->participant_count; k++)
			if (race->participants[k].write && !race->participants[k].atomic &&
			    is_written_by(&race->participants[k], &cause->participants[0])) {
				race->follows = xstrdup(cause->id);
				break;
			}
	}
}

void follow_mark(struct finding *const *findings, size_t count)
{
	struct race *races = xcalloc(count + 1, sizeof *races);
	size_t race_count = 0;
	for (size_t i = 0; i < count; i++) {
		free(findings[i]->follows);
		findings[i]->follows = NULL;
		findings[i]->caused_crash = false;
		if (finding_is_race(findings[i]) && findings[i]->participant_count == 2)
			races[race_count++] = race_of(findings[i]);
	}
	/* Sorted as in the report: if several fit, the one that stands first there is named. */
	qsort(races, race_count, sizeof *races, by_place);
	for (size_t i = 0; i < race_count; i++) {
		if (!any_about_memory(&races[i]))
			continue;
		const struct finding *cause = cause_of(&races[i], races, race_count);
		races[i].finding->follows = cause ? xstrdup(cause->id) : NULL;
	}
	for (size_t i = 0; i < race_count; i++)
		if (!races[i].finding->follows)
			follow_plain_counts(races[i].finding, findings, count);
	free(races);
	follow_crashes(findings, count);
}
