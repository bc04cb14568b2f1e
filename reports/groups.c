/* groups.c - see groups.h. */
#include "reports/groups.h"

#include <stdlib.h>
#include <string.h>

#include "reports/groups_after.h"
#include "reports/groups_lines.h"
#include "reports/groups_pairs.h"
#include "reports/sides.h"
#include "runner/base/map.h"
#include "runner/base/util.h"
#include "runner/model/fingerprint.h"
#include "runner/model/matrix.h"
#include "runner/model/memory.h"
#include "runner/model/plumbing.h"
#include "runner/model/words.h"

/* ---- what is known of a finding ---- */

bool groups_is_own_type(const char *type)
{
	return type && strchr(type, '.');
}

const char *groups_type_of_both(const struct finding *finding)
{
	const struct participant *sides = finding->participants;
	bool same = finding->participant_count == 2 && sides[0].type && sides[1].type &&
		    strcmp(sides[0].type, sides[1].type) == 0;
	return same && groups_is_own_type(sides[0].type) ? sides[0].type : NULL;
}

/* Of "Box.add", and of "Box.add.<locals>.<genexpr>", how long "Box" is; 0: it is no method. */
static size_t class_length(const char *function)
{
	const char *inner = strstr(function, ".<locals>");
	size_t length = inner ? (size_t)(inner - function) : strlen(function);
	while (length && function[length - 1] != '.')
		length--;
	return length ? length - 1 : 0;
}

const char *groups_methods_of_both(const struct finding *finding, size_t *length)
{
	const struct participant *sides = finding->participants;
	const struct frame *frames[2];
	if (finding->kind != FINDING_PYTHON_RACE || finding->participant_count != 2)
		return NULL;
	for (size_t i = 0; i < 2; i++) {
		frames[i] = sides[i].stack.count ? &sides[i].stack.frames[0] : NULL;
		if (!frames[i] || !frames[i]->function || !frames[i]->file)
			return NULL;
	}
	const char *function = frames[0]->function, *other = frames[1]->function;
	*length = class_length(function);
	/* Tests are methods of one class, and have nothing else in common. */
	bool test = !strncmp(function + *length, ".test", 5);
	bool same = *length && !test && class_length(other) == *length &&
		    !strncmp(function, other, *length) && !strcmp(frames[0]->file, frames[1]->file);
	return same ? function : NULL;
}

const char *groups_class_of_both(const struct finding *finding, size_t *length)
{
	const char *name = groups_methods_of_both(finding, length);
	bool locked = name &&
		      (finding->participants[0].lock_count || finding->participants[1].lock_count);
	return locked ? NULL : name;
}

const struct frame *groups_made_at(const struct subject *subject)
{
	for (size_t i = 0; i < subject->allocated.count; i++) {
		const struct frame *frame = &subject->allocated.frames[i];
		bool python = frame->language == FRAME_PYTHON || frame->language == FRAME_CYTHON;
		if (python && !frame->plumbing && frame->file && frame->line)
			return frame;
	}
	return NULL;
}

/* ---- keys ---- */

static uint64_t races_there(const char *type, const char *test)
{
	return hash_string(hash_string(OF_RACING, type), test);
}

/* Is it of the end of an object, or of its beginning, which is not for its type to lock? */
static bool says_no_type(const struct finding *finding)
{
	return sides_let_go(finding) || (sides_ends_it(&finding->participants[0]) &&
					 sides_ends_it(&finding->participants[1]));
}

/* The types of which two operations race on an object of theirs, by test. */
static void note_types(struct groups *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		const struct finding *finding = groups->findings[i];
		const char *type = groups_type_of_both(finding);
		if (!type || !sides_race(finding) || says_no_type(finding) ||
		    finding->subject.kind != SUBJECT_OBJECT || !finding->subject.type ||
		    strcmp(finding->subject.type, type) != 0)
			continue;
		for (size_t k = 0; k < finding->test_count; k++)
			map_set(&groups->by_key, races_there(type, finding->tests[k]), i);
	}
}

/* ---- what is a bug by itself in another test ---- */

/* A number for the type of what the race is on, 0 if that is not an object of a type that is everybody's. */
static uint64_t common_type(const struct finding *finding)
{
	const struct subject *subject = &finding->subject;
	bool common = subject->kind == SUBJECT_OBJECT && subject->type &&
		      !groups_is_own_type(subject->type);
	return common ? hash_string(OF_COMMON, subject->type) : 0;
}

static uint64_t only_race_of(const char *test)
{
	return hash_string(OF_ALONE, test);
}

/* The types of which all races of a test are; the key has MIXED if there are several. */
#define MIXED 0
static void note_common(struct groups *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		const struct finding *finding = groups->findings[i];
		uint64_t type = common_type(finding);
		for (size_t k = 0; sides_race(finding) && k < finding->test_count; k++) {
			uint64_t key = only_race_of(finding->tests[k]);
			uint64_t before = map_get(&groups->by_key, key);
			bool same = before == MAP_NONE || before == type;
			map_set(&groups->by_key, key, same ? type : MIXED);
		}
	}
}

/*
 * Is it all that races in one of its tests? A range iterator that threads share is a bug by itself, also if the one
 * inside of a shared groupby() has the same race.
 */
static bool stands_alone(const struct groups *groups, const struct finding *finding)
{
	uint64_t type = common_type(finding);
	bool alone = false;
	for (size_t i = 0; type && finding->test_count > 1 && i < finding->test_count; i++)
		alone = alone || map_get(&groups->by_key, only_race_of(finding->tests[i])) == type;
	return alone;
}

/* ---- whose objects are inside of whose ---- */

/* In how many of the finding's tests do operations of the type race? */
static size_t tests_of(const struct groups *groups, const char *type, const struct finding *finding)
{
	size_t count = 0;
	for (size_t i = 0; i < finding->test_count; i++)
		count += map_get(&groups->by_key, races_there(type, finding->tests[i])) != MAP_NONE;
	return count;
}

/*
 * The type of the object that this one is inside of, which threads share, if it races in a test of it: an Element that
 * a shared TreeBuilder makes and fills races as a shared Element does, but not for want of the Element's lock. Or NULL.
 */
static const char *inside_of(const struct groups *groups, const struct finding *finding)
{
	const char *outer = NULL;
	for (size_t i = 0; i < finding->participant_count; i++) {
		const char *type = finding->participants[i].type;
		if (sides_ends_it(&finding->participants[i]))
			continue;
		if (!groups_is_own_type(type) || !strcmp(type, finding->subject.type) ||
		    (outer && strcmp(outer, type) != 0))
			return NULL;
		outer = type;
	}
	return outer && tests_of(groups, outer, finding) ? outer : NULL;
}

/* A race on an object of a type that has its module's name. */
static void add_own_type(struct groups *groups, size_t at, uint64_t type)
{
	const struct finding *finding = groups->findings[at];
	const struct subject *subject = &finding->subject;
	if (subject->kind != SUBJECT_OBJECT || says_no_type(finding))
		return;
	const char *outer = inside_of(groups, finding);
	if (outer) {
		if (groups_type_of_both(finding) &&
		    tests_of(groups, subject->type, finding) < finding->test_count)
			joined_add(groups, at, groups_operations_key(finding, outer));
		return;
	}
	joined_add(groups, at,
		   hash_bytes(type + OF_FIELD, &subject->offset, sizeof subject->offset));
	for (size_t i = 0; i < finding->participant_count; i++) {
		const struct frame *site = sides_site(&finding->participants[i]);
		if (site && !sides_core(site))
			joined_add(groups, at, sides_hash_frame(type + OF_FUNCTION, site));
	}
}

/* A race on an object, or its data, of a type that is everybody's, made at the line in the hash. */
static void add_any_type(struct groups *groups, size_t at, uint64_t made)
{
	const struct finding *finding = groups->findings[at];
	for (size_t i = 0; i < finding->participant_count && !sides_let_go(finding); i++) {
		const struct frame *site = sides_site(&finding->participants[i]);
		const struct frame *line = sides_line(&finding->participants[i]);
		if (site)
			joined_add(groups, at, sides_hash_frame(made + OF_FUNCTION, site));
		if (line)
			joined_add(groups, at, sides_hash_line(made + OF_LINE, line));
	}
}

static void add_type(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	const struct subject *subject = &finding->subject;
	const struct frame *maker = groups_made_at(subject);
	uint64_t type = hash_string(joined_key(finding, OF_TYPE), subject->type);
	uint64_t made = maker ? sides_hash_line(type, maker) : 0;
	if (!groups_is_own_type(subject->type)) {
		if (maker && groups_walks(subject->type) && !sides_let_go(finding))
			joined_add(groups, at, made);
		else if (maker)
			add_any_type(groups, at, made);
		return;
	}
	if (maker)
		joined_add(groups, at, made);
	add_own_type(groups, at, type);
}

static void add_global(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	const struct subject *subject = &finding->subject;
	uint64_t name = hash_string(joined_key(finding, OF_GLOBAL), subject->type);
	for (size_t i = 0; i < finding->participant_count; i++) {
		const struct frame *site = sides_site(&finding->participants[i]);
		if (!site)
			continue;
		joined_add(groups, at, sides_hash_frame(name + OF_FUNCTION, site));
		uint64_t place = hash_bytes(name, &subject->offset, sizeof subject->offset);
		if (site->file)
			joined_add(groups, at, hash_string(place, site->file));
	}
}

/* A block of malloc(): who allocated it. */
static void add_block(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	const struct stack *stack = &finding->subject.allocated;
	const struct frame *maker = groups_made_at(&finding->subject);
	size_t site = site_frame(stack);
	if (site == SITE_NONE || !maker || sides_let_go(finding))
		return;
	uint64_t key = sides_hash_frame(joined_key(finding, OF_BLOCK), &stack->frames[site]);
	key = hash_bytes(key, &stack->frames[site].line, sizeof stack->frames[site].line);
	joined_add(groups, at, sides_hash_line(key, maker));
}

/* What ends an object ends its blocks, too: one that lets go, and one that uses, at the same places. */
static void add_end(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	const struct participant *end = memory_freed_in_use(finding);
	uint64_t key = joined_key(finding, OF_END);
	for (size_t i = 0; end && i < 2; i++) {
		const struct participant *side =
			i ? &finding->participants[end == finding->participants] : end;
		const struct frame *site = sides_site(side), *line = sides_line(side);
		if (!site || !line)
			return;
		key = sides_hash_line(sides_hash_frame(key, site), line);
	}
	if (end)
		joined_add(groups, at, key);
}

/* The type most likely takes no lock. */
static void add_operations(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	if (says_no_type(finding) || !groups_of_operations(finding))
		return;
	uint64_t key = groups_operations_key(finding, finding->participants[0].type);
	joined_add(groups, at, key + (finding->rank == RANK_DATA));
}

/* Do both sides free the memory? Then there was a reference too few. */
static bool is_freed_by_both(const struct finding *finding)
{
	return memory_act(&finding->participants[0].stack) == MEMORY_FREED &&
	       memory_act(&finding->participants[1].stack) == MEMORY_FREED;
}

static void add_race(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	const struct subject *subject = &finding->subject;
	if (stands_alone(groups, finding)) {
		joined_add(groups, at, common_type(finding));
		return;
	}
	if (is_freed_by_both(groups->findings[at]))
		groups_add_counted(groups, at);
	add_end(groups, at);
	add_operations(groups, at);
	groups_add_lines(groups, at);
	groups_add_body(groups, at);
	if (sides_have_type(subject))
		add_type(groups, at);
	else if (subject->kind == SUBJECT_GLOBAL && subject->type)
		add_global(groups, at);
	else if (subject->kind == SUBJECT_HEAP)
		add_block(groups, at);
}

/* Who borrows is to blame, whoever lets go. */
static void add_borrower(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	for (size_t i = 0; i < finding->participant_count; i++) {
		const struct participant *side = &finding->participants[i];
		const struct frame *site = sides_site(side);
		if (side->write || !site)
			continue;
		char *function = words_function(&side->stack);
		uint64_t key = hash_string(joined_key(finding, OF_BORROWER), function);
		joined_add(groups, at, hash_string(key, site->module ? site->module : ""));
		free(function);
	}
}

/* What one line of Python makes and nobody frees: an object, and what it holds. */
static void add_leak(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	const struct frame *maker = groups_made_at(&finding->subject);
	if (maker)
		joined_add(groups, at, sides_hash_line(joined_key(finding, OF_LEAK), maker));
}

/*
 * An iterator that two threads share is a race of Python code, and mostly one in C as well: one object, by
 * the line that made it and a line that uses it. Which ones are of one object in C is for the other keys.
 */
static void add_variable(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	const struct frame *maker = groups_made_at(&finding->subject);
	bool python = finding->kind == FINDING_PYTHON_RACE;
	if (!maker || (!python && !(sides_race(finding) && sides_have_type(&finding->subject))))
		return;
	for (size_t i = 0; i < finding->participant_count; i++) {
		const struct frame *line = sides_line(&finding->participants[i]);
		if (!line)
			continue;
		uint64_t key = sides_hash_line(joined_key(finding, OF_VARIABLE), maker);
		key = sides_hash_line(key, line);
		uint64_t race = map_get(&groups->by_key, key);
		if (race == MAP_NONE && !python)
			map_set(&groups->by_key, key, at);
		else if (race != MAP_NONE && python)
			joined_join(groups, at, race);
	}
}

/*
 * One attribute, of objects of several classes: methods that they all inherit race on it. "Box.size",
 * "SmallBox.size"
 */
static void add_attribute(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	size_t length;
	const char *name = groups_methods_of_both(finding, &length),
		   *attribute = finding->variable ? strrchr(finding->variable, '.') : NULL;
	if (!name || !attribute ||
	    memchr(finding->variable, ' ', (size_t)(attribute - finding->variable)))
		return;
	uint64_t key = joined_key(finding, OF_ATTRIBUTE);
	key = hash_string(key, finding->participants[0].stack.frames[0].file);
	joined_add(groups, at, hash_string(hash_bytes(key, name, length), attribute));
}

static void add_class(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	size_t length;
	const char *name = groups_class_of_both(finding, &length);
	if (!name)
		return;
	uint64_t key = joined_key(finding, OF_CLASS);
	key = hash_string(key, finding->participants[0].stack.frames[0].file);
	joined_add(groups, at, hash_bytes(key, name, length));
}

/* ---- memory of no object that is known ---- */

static uint64_t function_in(size_t group, const struct frame *site)
{
	return sides_hash_frame(hash_bytes(OF_FUNCTION, &group, sizeof group), site);
}

/* The functions that race on objects of types that have a module, by group. */
static void note_functions(struct groups *groups, struct map *functions, struct map *typed)
{
	for (size_t i = 0; i < groups->count; i++) {
		const struct finding *finding = groups->findings[i];
		if (!sides_race(finding) || !sides_have_type(&finding->subject) ||
		    !groups_is_own_type(finding->subject.type))
			continue;
		size_t group = joined_find(groups, i);
		map_set(typed, group, group);
		for (size_t k = 0; k < 2; k++) {
			const struct frame *site = sides_site(&finding->participants[k]);
			if (site && !sides_core(site))
				map_set(functions, function_in(group, site), i);
		}
	}
}

/* Does the side race on objects of the group? Who only got the memory is not to blame for its user. */
static bool is_side_of(size_t group, const struct participant *side, const struct map *functions)
{
	const struct frame *site = sides_site(side);
	return memory_act(&side->stack) == MEMORY_GIVEN ||
	       (site && map_get(functions, function_in(group, site)) != MAP_NONE);
}

/* The one group of which both sides are, or `at`. */
static size_t group_of_both(const struct groups *groups, size_t at, const struct map *functions,
			    const struct map *typed)
{
	const struct finding *finding = groups->findings[at];
	const struct participant *sides = finding->participants;
	size_t found = at;
	if (memory_act(&sides[0].stack) == MEMORY_GIVEN &&
	    memory_act(&sides[1].stack) == MEMORY_GIVEN)
		return at;
	for (size_t i = 0; i < groups->count; i++) {
		if (map_get(typed, i) == MAP_NONE || !joined_may(groups->findings[i], finding) ||
		    !is_side_of(i, &sides[0], functions) || !is_side_of(i, &sides[1], functions))
			continue;
		if (found != at)
			return at;
		found = i;
	}
	return found;
}

static void add_untyped(struct groups *groups)
{
	struct map functions = { 0 }, typed = { 0 };
	note_functions(groups, &functions, &typed);
	for (size_t i = 0; i < groups->count; i++) {
		const struct finding *finding = groups->findings[i];
		enum subject_kind kind = finding->subject.kind;
		bool untyped =
			kind == SUBJECT_BLOCK || kind == SUBJECT_HEAP || kind == SUBJECT_UNKNOWN;
		if (sides_race(finding) && untyped && !matrix_type_of(finding))
			joined_join(groups, i, group_of_both(groups, i, &functions, &typed));
	}
	map_free(&functions);
	map_free(&typed);
}

/* ---- all ---- */

static void add_follows(struct groups *groups)
{
	struct map by_id = { 0 };
	for (size_t i = 0; i < groups->count; i++)
		map_set(&by_id, hash_string(0, groups->findings[i]->id), i);
	for (size_t i = 0; i < groups->count; i++) {
		const struct finding *finding = groups->findings[i];
		if (!finding->follows || matrix_type_of(finding))
			continue;
		uint64_t cause = map_get(&by_id, hash_string(0, finding->follows));
		if (cause != MAP_NONE && joined_may(groups->findings[cause], finding) &&
		    !groups_is_elsewhere(finding, groups->findings[cause]))
			joined_join(groups, i, cause);
	}
	map_free(&by_id);
}

size_t *groups_new(const struct finding *const *findings, size_t count, groups_key *pairs,
		   const void *context)
{
	struct groups groups = { .findings = findings, .count = count };
	groups.first = xcalloc(count + 1, sizeof *groups.first);
	groups.pairs = xcalloc(count + 1, sizeof *groups.pairs);
	for (size_t i = 0; i < count; i++) {
		groups.first[i] = i;
		groups.pairs[i] = pairs(context, findings[i]);
		if (groups.pairs[i])
			joined_add(&groups, i, groups.pairs[i] + OF_PAIRS);
	}
	note_types(&groups);
	note_common(&groups);
	for (size_t i = 0; i < count; i++) {
		/* A race of a type in its own pairs is the same one in a test. */
		bool own = !matrix_type_of(findings[i]) ||
			   matrix_is_owners(findings[i], findings[i]->tests[0]);
		if (sides_race(findings[i]) && own && findings[i]->status != STATUS_DOCUMENTED) {
			add_race(&groups, i);
			groups_add_replaced(&groups, i);
		}
	}
	for (size_t i = 0; i < count; i++)
		if (findings[i]->kind != FINDING_PYTHON_RACE)
			add_variable(&groups, i);
	for (size_t i = 0; i < count; i++) {
		if (findings[i]->kind == FINDING_PYTHON_RACE) {
			add_variable(&groups, i);
			add_attribute(&groups, i);
			add_class(&groups, i);
		} else if (findings[i]->kind == FINDING_REFERENCE_COUNT)
			groups_add_count(&groups, i);
		else if (findings[i]->kind == FINDING_LEAK)
			add_leak(&groups, i);
		else if (findings[i]->kind == FINDING_BORROWED_REFERENCE)
			add_borrower(&groups, i);
		else
			groups_add_misuse(&groups, i);
	}
	for (size_t i = 0; i < count; i++)
		if (sides_race(findings[i]) && !matrix_type_of(findings[i]))
			groups_add_links(&groups, i);
	add_untyped(&groups);
	add_follows(&groups);
	for (size_t i = 0; i < count; i++)
		if (groups_is_end(findings[i]))
			groups_add_end(&groups, i);
	groups_add_pairs(&groups);
	groups_fold(&groups);
	for (size_t i = 0; i < count; i++)
		groups.first[i] = joined_find(&groups, i);
	map_free(&groups.by_key);
	free(groups.pairs);
	return groups.first;
}
