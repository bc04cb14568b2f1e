/* groups.c - see groups.h. */
#include "reports/groups.h"

#include <stdlib.h>
#include <string.h>

#include "reports/groups_lines.h"
#include "reports/groups_pairs.h"
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

const char *groups_class_of_both(const struct finding *finding, size_t *length)
{
	const struct participant *sides = finding->participants;
	const struct frame *frames[2];
	if (finding->kind != FINDING_PYTHON_RACE || finding->participant_count != 2)
		return NULL;
	for (size_t i = 0; i < 2; i++) {
		frames[i] = sides[i].stack.count ? &sides[i].stack.frames[0] : NULL;
		if (!frames[i] || sides[i].lock_count || !frames[i]->function || !frames[i]->file)
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

static bool is_race(const struct finding *finding)
{
	return finding_is_race(finding) && finding->participant_count == 2;
}

static bool has_type(const struct subject *subject)
{
	return (subject->kind == SUBJECT_OBJECT || subject->kind == SUBJECT_BUFFER) &&
	       subject->type && *subject->type;
}

/* Of who touches such memory nobody knows whose fault it is. */
static bool is_let_go(const struct finding *finding)
{
	return finding->rank == RANK_FREED || finding->rank == RANK_UNPUBLISHED;
}

static uint64_t hash_line(uint64_t hash, const struct frame *frame)
{
	hash = hash_string(hash, frame->file);
	return hash_bytes(hash, &frame->line, sizeof frame->line);
}

static uint64_t hash_frame(uint64_t hash, const struct frame *frame)
{
	char *text = frame_text(frame, NULL);
	hash = hash_string(hash, text);
	free(text);
	return hash;
}

/* The frame that a side is known by, or NULL; of the allocator's the function that called it. */
static const struct frame *site_of(const struct participant *side)
{
	size_t at = site_frame(&side->stack);
	if (at != SITE_NONE && memory_is_allocator(&side->stack.frames[at]))
		at = memory_caller(&side->stack);
	return at < side->stack.count ? &side->stack.frames[at] : NULL;
}

/* The core of the interpreter works on the objects of all types. */
static bool is_cores(const struct frame *frame)
{
	return frame->module && plumbing_is_base_module(frame->module) &&
	       !(frame->file && strstr(frame->file, "Modules/"));
}

/* The innermost line of Python that is nobody's plumbing, or NULL. */
static const struct frame *line_of(const struct participant *side)
{
	const struct subject stack = { .allocated = side->stack };
	return groups_made_at(&stack);
}

/* ---- keys ---- */

/* A race on an object of a type that has its module's name. */
static void add_own_type(struct groups *groups, size_t at, uint64_t type)
{
	const struct finding *finding = groups->findings[at];
	const struct subject *subject = &finding->subject;
	if (subject->kind != SUBJECT_OBJECT || is_let_go(finding))
		return;
	joined_add(groups, at,
		   hash_bytes(type + OF_FIELD, &subject->offset, sizeof subject->offset));
	for (size_t i = 0; i < finding->participant_count; i++) {
		const struct frame *site = site_of(&finding->participants[i]);
		if (site && !is_cores(site))
			joined_add(groups, at, hash_frame(type + OF_FUNCTION, site));
	}
}

/* A race on an object, or its data, of a type that is everybody's, made at the line in the hash. */
static void add_any_type(struct groups *groups, size_t at, uint64_t made)
{
	const struct finding *finding = groups->findings[at];
	for (size_t i = 0; i < finding->participant_count && !is_let_go(finding); i++) {
		const struct frame *site = site_of(&finding->participants[i]);
		const struct frame *line = line_of(&finding->participants[i]);
		if (site)
			joined_add(groups, at, hash_frame(made + OF_FUNCTION, site));
		if (line)
			joined_add(groups, at, hash_line(made + OF_LINE, line));
	}
}

static void add_type(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	const struct subject *subject = &finding->subject;
	const struct frame *maker = groups_made_at(subject);
	uint64_t type = hash_string((uint64_t)finding->status, subject->type);
	uint64_t made = maker ? hash_line(type, maker) : 0;
	if (!groups_is_own_type(subject->type)) {
		if (maker && groups_walks(subject->type) && !is_let_go(finding))
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
	uint64_t name = hash_string((uint64_t)finding->status + OF_GLOBAL, subject->type);
	for (size_t i = 0; i < finding->participant_count; i++) {
		const struct frame *site = site_of(&finding->participants[i]);
		if (!site)
			continue;
		joined_add(groups, at, hash_frame(name + OF_FUNCTION, site));
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
	if (site == SITE_NONE || !maker || is_let_go(finding))
		return;
	uint64_t key = hash_frame((uint64_t)finding->status + OF_BLOCK, &stack->frames[site]);
	key = hash_bytes(key, &stack->frames[site].line, sizeof stack->frames[site].line);
	joined_add(groups, at, hash_line(key, maker));
}

/* What ends an object ends its blocks, too: one that lets go, and one that uses, at the same places. */
static void add_end(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	const struct participant *end = memory_freed_in_use(finding);
	uint64_t key = (uint64_t)finding->status + OF_END;
	for (size_t i = 0; end && i < 2; i++) {
		const struct participant *side =
			i ? &finding->participants[end == finding->participants] : end;
		const struct frame *site = site_of(side), *line = line_of(side);
		if (!site || !line)
			return;
		key = hash_line(hash_frame(key, site), line);
	}
	if (end)
		joined_add(groups, at, key);
}

static uint64_t key_of_operations(const struct finding *finding, const char *type)
{
	return hash_string((uint64_t)finding->status + OF_OPERATIONS, type);
}

/* Are both sides operations of one type, and is the memory none of another one's? */
static bool is_of_operations(const struct finding *finding)
{
	const char *type = groups_type_of_both(finding);
	const struct subject *subject = &finding->subject;
	bool typed = has_type(subject) || subject->kind == SUBJECT_GLOBAL;
	return type && (!typed || strcmp(subject->type ? subject->type : "", type) == 0);
}

/* The type most likely takes no lock. */
static void add_operations(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	if (is_let_go(finding) || !is_of_operations(finding))
		return;
	uint64_t key = key_of_operations(finding, finding->participants[0].type);
	joined_add(groups, at, key + (finding->rank == RANK_DATA));
}

/* What is counted wrongly: one object, by its type and the line that made it. */
static void add_counted(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	const struct frame *maker = groups_made_at(&finding->subject);
	uint64_t key = (uint64_t)finding->status + OF_COUNT;
	if (has_type(&finding->subject) && maker)
		joined_add(groups, at, hash_line(hash_string(key, finding->subject.type), maker));
}

/* Do both sides free the memory? Then there was a reference too few. */
static bool is_freed_by_both(const struct finding *finding)
{
	return memory_act(&finding->participants[0].stack) == MEMORY_FREED &&
	       memory_act(&finding->participants[1].stack) == MEMORY_FREED;
}

static void add_race(struct groups *groups, size_t at)
{
	const struct subject *subject = &groups->findings[at]->subject;
	if (is_freed_by_both(groups->findings[at]))
		add_counted(groups, at);
	add_end(groups, at);
	add_operations(groups, at);
	groups_add_lines(groups, at);
	groups_add_body(groups, at);
	if (has_type(subject))
		add_type(groups, at);
	else if (subject->kind == SUBJECT_GLOBAL && subject->type)
		add_global(groups, at);
	else if (subject->kind == SUBJECT_HEAP)
		add_block(groups, at);
}

/* Does it write a pointer that the other side uses, by code that is not atomic? */
static bool is_replacing(const struct finding *finding, const struct participant *side)
{
	bool pointer = finding->rank == RANK_STRUCTURE || finding->rank == RANK_INIT;
	return pointer && side->write && !side->atomic && side->size == sizeof(void *);
}

/* A race on a pointer: where it is replaced, a reference can be dropped twice. Also where a living object
 * is made anew, by __init__() or __setstate__(). */
static void add_replaced(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	uint64_t key = (uint64_t)finding->status + OF_COUNT;
	for (size_t i = 0; i < finding->participant_count; i++) {
		const struct participant *side = &finding->participants[i];
		const struct frame *site = site_of(side);
		if (!site || !is_replacing(finding, side))
			continue;
		/* What the core of the interpreter writes is of any type: that is no reason to be one bug. */
		uint64_t writer = hash_frame(key, site);
		if (!is_cores(site))
			joined_add(groups, at, writer);
		else if (map_get(&groups->by_key, writer) == MAP_NONE)
			map_set(&groups->by_key, writer, at);
	}
}

static bool share_a_test(const struct finding *one, const struct finding *two)
{
	for (size_t i = 0; i < one->test_count; i++)
		for (size_t k = 0; k < two->test_count; k++)
			if (strcmp(one->tests[i], two->tests[k]) == 0)
				return true;
	return false;
}

/* The one group of races on a pointer that came up in a test of the finding, or `at`. */
static size_t replaced_in_test(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	size_t found = at;
	for (size_t i = 0; i < groups->count; i++) {
		const struct finding *race = groups->findings[i];
		if (!is_race(race) || race->status != finding->status ||
		    !(is_replacing(race, &race->participants[0]) ||
		      is_replacing(race, &race->participants[1])) ||
		    !share_a_test(race, finding))
			continue;
		if (found != at && found != joined_find(groups, i))
			return at;
		found = joined_find(groups, i);
	}
	return found;
}

/*
 * What is counted wrongly once shows in several places: one object, by the line that made it. And if a
 * reference to it was dropped by a function that races where it replaces a pointer, that is why
 * (add_replaced() has been there); so it is if only the interpreter dropped any, which is not to blame, and
 * its test has such a race and no other one.
 */
static void add_count(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	uint64_t key = (uint64_t)finding->status + OF_COUNT;
	bool blameless = true;
	add_counted(groups, at);
	for (size_t i = 0; i < finding->participant_count; i++) {
		const struct frame *site = site_of(&finding->participants[i]);
		uint64_t race = site ? map_get(&groups->by_key, hash_frame(key, site)) : MAP_NONE;
		blameless = blameless && site && is_cores(site);
		if (race != MAP_NONE)
			joined_join(groups, at, race);
		/* An operation on an object of its own type that races with others does not count right, either. */
		const char *type = finding->participants[i].type, *of = finding->subject.type;
		bool own = groups_is_own_type(type) && of && !strcmp(type, of);
		race = own ? map_get(&groups->by_key, key_of_operations(finding, type)) : MAP_NONE;
		if (race != MAP_NONE)
			joined_join(groups, at, race);
	}
	if (blameless)
		joined_join(groups, at, replaced_in_test(groups, at));
}

/* Does nothing but the interpreter's own code stand there? It frees what others let go before. */
static bool is_interpreters(const struct participant *side)
{
	for (size_t i = 0; i < side->stack.count; i++)
		if (!side->stack.frames[i].module ||
		    !plumbing_is_base_module(side->stack.frames[i].module))
			return false;
	return side->stack.count > 0;
}

/*
 * An operation of a type that races with others of it gives memory back twice, or uses what another one
 * or the interpreter has freed. Without such a race that is a bug of its own.
 */
static void add_misuse(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	const struct participant *end = memory_freed_in_use(finding);
	bool used = is_race(finding) && is_let_go(finding) && is_of_operations(finding);
	if (!finding_is_misuse(finding) && !used && (!end || !is_interpreters(end)))
		return;
	for (size_t i = 0; i < finding->participant_count; i++) {
		const char *type = finding->participants[i].type;
		uint64_t race = type ? map_get(&groups->by_key, key_of_operations(finding, type))
				     : MAP_NONE;
		if (race != MAP_NONE)
			joined_join(groups, at, race);
	}
}

/* Who borrows is to blame, whoever lets go. */
static void add_borrower(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	for (size_t i = 0; i < finding->participant_count; i++) {
		const struct participant *side = &finding->participants[i];
		const struct frame *site = site_of(side);
		if (side->write || !site)
			continue;
		char *function = words_function(&side->stack);
		uint64_t key = hash_string((uint64_t)finding->status + OF_BORROWER, function);
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
		joined_add(groups, at, hash_line((uint64_t)finding->status + OF_LEAK, maker));
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
	if (!maker || (!python && !(is_race(finding) && has_type(&finding->subject))))
		return;
	for (size_t i = 0; i < finding->participant_count; i++) {
		const struct frame *line = line_of(&finding->participants[i]);
		if (!line)
			continue;
		uint64_t key = hash_line((uint64_t)finding->status + OF_VARIABLE, maker);
		key = hash_line(key, line);
		uint64_t race = map_get(&groups->by_key, key);
		if (race == MAP_NONE && !python)
			map_set(&groups->by_key, key, at);
		else if (race != MAP_NONE && python)
			joined_join(groups, at, race);
	}
}

static void add_class(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	size_t length;
	const char *name = groups_class_of_both(finding, &length);
	if (!name)
		return;
	uint64_t key = (uint64_t)finding->status + OF_CLASS;
	key = hash_string(key, finding->participants[0].stack.frames[0].file);
	joined_add(groups, at, hash_bytes(key, name, length));
}

/* ---- memory of no object that is known ---- */

static uint64_t function_in(size_t group, const struct frame *site)
{
	return hash_frame(hash_bytes(OF_FUNCTION, &group, sizeof group), site);
}

/* The functions that race on objects of types that have a module, by group. */
static void note_functions(struct groups *groups, struct map *functions, struct map *typed)
{
	for (size_t i = 0; i < groups->count; i++) {
		const struct finding *finding = groups->findings[i];
		if (!is_race(finding) || !has_type(&finding->subject) ||
		    !groups_is_own_type(finding->subject.type))
			continue;
		size_t group = joined_find(groups, i);
		map_set(typed, group, group);
		for (size_t k = 0; k < 2; k++) {
			const struct frame *site = site_of(&finding->participants[k]);
			if (site && !is_cores(site))
				map_set(functions, function_in(group, site), i);
		}
	}
}

/* Does the side race on objects of the group? Who only got the memory is not to blame for its user. */
static bool is_side_of(size_t group, const struct participant *side, const struct map *functions)
{
	const struct frame *site = site_of(side);
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
		if (map_get(typed, i) == MAP_NONE ||
		    groups->findings[i]->status != finding->status ||
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
		if (is_race(finding) && untyped && !matrix_type_of(finding))
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
		if (cause != MAP_NONE && groups->findings[cause]->status == finding->status)
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
	for (size_t i = 0; i < count; i++) {
		/* A race of a type in its own pairs is the same one in a test. */
		bool own = !matrix_type_of(findings[i]) ||
			   matrix_is_owners(findings[i], findings[i]->tests[0]);
		if (is_race(findings[i]) && own && findings[i]->status != STATUS_DOCUMENTED) {
			add_race(&groups, i);
			add_replaced(&groups, i);
		}
	}
	for (size_t i = 0; i < count; i++)
		if (findings[i]->kind != FINDING_PYTHON_RACE)
			add_variable(&groups, i);
	for (size_t i = 0; i < count; i++) {
		if (findings[i]->kind == FINDING_PYTHON_RACE) {
			add_variable(&groups, i);
			add_class(&groups, i);
		} else if (findings[i]->kind == FINDING_REFERENCE_COUNT)
			add_count(&groups, i);
		else if (findings[i]->kind == FINDING_LEAK)
			add_leak(&groups, i);
		else if (findings[i]->kind == FINDING_BORROWED_REFERENCE)
			add_borrower(&groups, i);
		else
			add_misuse(&groups, i);
	}
	add_untyped(&groups);
	add_follows(&groups);
	for (size_t i = 0; i < count; i++)
		if (findings[i]->kind == FINDING_CRASH)
			groups_add_crash(&groups, i);
	groups_add_pairs(&groups);
	groups_fold(&groups);
	for (size_t i = 0; i < count; i++)
		groups.first[i] = joined_find(&groups, i);
	map_free(&groups.by_key);
	free(groups.pairs);
	return groups.first;
}
