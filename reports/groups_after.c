/* groups_after.c - see groups_after.h. */
#include "reports/groups_after.h"

#include <stdlib.h>
#include <string.h>

#include "reports/groups.h"
#include "reports/sides.h"
#include "runner/base/util.h"
#include "runner/model/matrix.h"
#include "runner/model/memory.h"
#include "runner/model/plumbing.h"
#include "runner/model/traceback.h"

void groups_add_counted(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	const struct frame *maker = groups_made_at(&finding->subject);
	uint64_t key = joined_key(finding, OF_COUNT);
	/* What the standard library makes, it makes for everybody. */
	if (sides_have_type(&finding->subject) && maker && !sides_library(maker))
		joined_add(groups, at,
			   sides_hash_line(hash_string(key, finding->subject.type), maker));
}

uint64_t groups_operations_key(const struct finding *finding, const char *type)
{
	return hash_string(joined_key(finding, OF_OPERATIONS), type);
}

bool groups_of_operations(const struct finding *finding)
{
	const char *type = groups_type_of_both(finding);
	const struct subject *subject = &finding->subject;
	bool typed = sides_have_type(subject) || subject->kind == SUBJECT_GLOBAL;
	return type && (!typed || strcmp(subject->type ? subject->type : "", type) == 0);
}

/* Does it write a pointer that the other side uses, by code that is not atomic? */
static bool is_replacing(const struct finding *finding, const struct participant *side)
{
	bool pointer = finding->rank == RANK_STRUCTURE || finding->rank == RANK_INIT;
	return pointer && side->write && !side->atomic && side->size == sizeof(void *);
}

/* A function of one type's code that another type's operation calls is not in want of a lock of the first one. */
static uint64_t key_of_writer(uint64_t writer, const struct participant *side)
{
	bool own = groups_is_own_type(side->type) && !sides_ends_it(side);
	return hash_string(writer, own ? side->type : "");
}

void groups_add_replaced(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	uint64_t key = joined_key(finding, OF_COUNT);
	for (size_t i = 0; i < finding->participant_count; i++) {
		const struct participant *side = &finding->participants[i];
		const struct frame *site = sides_site(side);
		if (!site || !is_replacing(finding, side))
			continue;
		/* What the core of the interpreter writes is of any type: that is no reason to be one bug. */
		uint64_t writer = sides_hash_frame(key, site);
		if (!sides_core(site))
			joined_add(groups, at, key_of_writer(writer, side));
		if (map_get(&groups->by_key, writer) == MAP_NONE)
			map_set(&groups->by_key, writer, at);
	}
}

/* The one group of races on a pointer that came up in a test of the finding, or `at`. */
static size_t replaced_in_test(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	size_t found = at;
	for (size_t i = 0; i < groups->count; i++) {
		const struct finding *race = groups->findings[i];
		if (!sides_race(race) || !joined_may(race, finding) ||
		    !(is_replacing(race, &race->participants[0]) ||
		      is_replacing(race, &race->participants[1])) ||
		    !sides_share_test(race, finding))
			continue;
		if (found != at && found != joined_find(groups, i))
			return at;
		found = joined_find(groups, i);
	}
	return found;
}

/* The one group of races on objects of the same type, which has a module, in a test of the finding; or `at`. */
static size_t typed_in_test(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	const char *type = finding->subject.type;
	size_t found = at;
	for (size_t i = 0; groups_is_own_type(type) && i < groups->count; i++) {
		const struct finding *race = groups->findings[i];
		bool same = sides_race(race) && !matrix_type_of(race) &&
			    joined_may(race, finding) && race->subject.kind == SUBJECT_OBJECT &&
			    race->subject.type && !strcmp(race->subject.type, type);
		if (!same || !sides_share_test(race, finding))
			continue;
		if (found != at && found != joined_find(groups, i))
			return at;
		found = joined_find(groups, i);
	}
	return found;
}

/* A race in which the function replaces a pointer, best in an operation of the same type; or MAP_NONE. */
static uint64_t replaced_by(const struct groups *groups, uint64_t key,
			    const struct participant *side, const struct frame *site)
{
	uint64_t writer = sides_hash_frame(key, site);
	uint64_t race = map_get(&groups->by_key, key_of_writer(writer, side));
	return race != MAP_NONE ? race : map_get(&groups->by_key, writer);
}

void groups_add_count(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	uint64_t key = joined_key(finding, OF_COUNT);
	bool blameless = true;
	groups_add_counted(groups, at);
	for (size_t i = 0; i < finding->participant_count; i++) {
		const struct frame *site = sides_site(&finding->participants[i]);
		uint64_t race =
			site ? replaced_by(groups, key, &finding->participants[i], site) : MAP_NONE;
		blameless = blameless && site && sides_core(site);
		if (race != MAP_NONE)
			joined_join(groups, at, race);
		/* An operation on an object of its own type that races with others does not count right, either. */
		const char *type = finding->participants[i].type, *of = finding->subject.type;
		bool own = groups_is_own_type(type) && of && !strcmp(type, of) &&
			   !sides_ends_it(&finding->participants[i]);
		race = own ? map_get(&groups->by_key, groups_operations_key(finding, type))
			   : MAP_NONE;
		if (race != MAP_NONE)
			joined_join(groups, at, race);
	}
	if (blameless)
		joined_join(groups, at, replaced_in_test(groups, at));
	joined_join(groups, at, typed_in_test(groups, at));
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

void groups_add_misuse(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	const struct participant *end = memory_freed_in_use(finding);
	bool used = sides_race(finding) && sides_let_go(finding) && groups_of_operations(finding);
	if (!finding_is_misuse(finding) && !used && (!end || !is_interpreters(end)))
		return;
	for (size_t i = 0; i < finding->participant_count; i++) {
		const char *type = finding->participants[i].type;
		if (!type || sides_ends_it(&finding->participants[i]))
			continue;
		uint64_t race = map_get(&groups->by_key, groups_operations_key(finding, type));
		if (race != MAP_NONE)
			joined_join(groups, at, race);
	}
}

/* ---- crashes, and tests that fail ---- */

/* Did both come in one iteration, as far as is known? Of what comes again and again only the first ones are. */
static bool share_iteration(const struct finding *one, const struct finding *two)
{
	if (two->replay_count == FINDING_REPLAYS)
		return true;
	for (size_t i = 0; i < one->replay_count; i++)
		for (size_t k = 0; k < two->replay_count; k++)
			if (!strcmp(one->replays[i], two->replays[k]))
				return true;
	return false;
}

/* Does the function stand in what the stack's thread called from Python? */
static bool stack_has(const struct stack *stack, const struct frame *site)
{
	for (size_t i = 0; i < stack->count && stack->frames[i].language != FRAME_PYTHON; i++)
		if (!strcmp(stack->frames[i].function, site->function))
			return true;
	return false;
}

/* Does a function of C that a side of the race is known by? The core of the interpreter is behind everything. */
static bool stack_has_side(const struct stack *stack, const struct finding *race)
{
	for (size_t k = 0; k < race->participant_count; k++) {
		const struct frame *site = sides_site(&race->participants[k]);
		if (site && !sides_core(site) && site->language != FRAME_PYTHON &&
		    stack_has(stack, site))
			return true;
	}
	return false;
}

/* Is it a race of two threads on how the interpreter ends, which this is? */
static bool is_of_ending(const struct finding *end, const struct finding *race)
{
	if (end->kind != FINDING_CRASH || !end->participant_count || !sides_race(race) ||
	    race->subject.kind != SUBJECT_GLOBAL)
		return false;
	for (size_t k = 0; k < 2; k++) {
		const struct frame *site = sides_site(&race->participants[k]);
		if (!site || !sides_core(site) || !stack_has(&end->participants[0].stack, site))
			return false;
	}
	return true;
}

/* The sides that tell what it came of: of a crash the thread that crashed, else both. */
static size_t count_of(const struct finding *end)
{
	bool one = end->kind == FINDING_CRASH && end->participant_count;
	return one ? 1 : end->participant_count;
}

/* The function of the generator that both threads of the race are in, or that they share; or NULL. */
static const struct frame *body_of_both(const struct finding *race)
{
	if (!sides_race(race) || race->subject.kind == SUBJECT_GLOBAL)
		return NULL;
	if (race->subject.type && !strcmp(race->subject.type, "generator"))
		return groups_made_at(&race->subject);
	const struct frame *one = sides_body(&race->participants[0].stack);
	return sides_same_function(one, sides_body(&race->participants[1].stack)) ? one : NULL;
}

/* Did the end come in a generator that the race is on, or is it of an object that one made? */
static bool shares_body(const struct finding *end, const struct finding *race)
{
	const struct frame *body = body_of_both(race);
	if (!body)
		return false;
	for (size_t i = 0; i < count_of(end); i++)
		if (sides_same_function(sides_body(&end->participants[i].stack), body))
			return true;
	return sides_same_function(groups_made_at(&end->subject), body);
}

static bool shares_function(const struct finding *end, const struct finding *race)
{
	for (size_t i = 0; i < count_of(end); i++)
		if (stack_has_side(&end->participants[i].stack, race))
			return true;
	return false;
}

/* Does Python's traceback name the line? The paths may be written in two ways. */
static bool names_line(const char *traceback, const struct frame *line)
{
	const char *slash = strrchr(line->file, '/'), *name = slash ? slash + 1 : line->file;
	size_t length = strlen(name);
	struct traceback_call call;
	while (traceback_next(&traceback, &call))
		if (call.line == line->line && call.file_length >= length &&
		    !strncmp(call.file + call.file_length - length, name, length))
			return true;
	return false;
}

/* Is a line that one side comes from in the traceback of the test that failed? */
static bool shares_line(const struct finding *failure, const struct finding *race)
{
	for (size_t k = 0; failure->detail && k < race->participant_count; k++) {
		const struct frame *line = sides_line(&race->participants[k]);
		const struct frame *user = sides_user(&race->participants[k]);
		if ((line && names_line(failure->detail, line)) ||
		    (user && names_line(failure->detail, user)))
			return true;
	}
	return false;
}

/* Did it come up in tests of the other one alone? */
static bool only_there(const struct finding *other, const struct finding *race)
{
	for (size_t i = 0; i < race->test_count; i++) {
		bool there = false;
		for (size_t k = 0; k < other->test_count && !there; k++)
			there = !strcmp(other->tests[k], race->tests[i]);
		if (!there)
			return false;
	}
	return race->test_count > 0;
}

bool groups_shares_code(const struct finding *end, const struct finding *race)
{
	return end->kind == FINDING_TEST_FAILURE
		       ? shares_line(end, race)
		       : shares_function(end, race) || shares_body(end, race);
}

/* How much speaks for the race as what the end came of; 0: nothing. */
static unsigned weight(const struct finding *end, const struct finding *race)
{
	if (!finding_is_race(race) || race->follows || !joined_may(end, race) ||
	    !sides_share_test(end, race) || is_of_ending(end, race))
		return 0;
	bool at_once = share_iteration(end, race);
	bool near = groups_shares_code(end, race);
	if (!near && (end->kind != FINDING_CRASH || !at_once))
		return 0;
	return 1 + 4 * near + 2 * at_once + only_there(end, race);
}

/* Does a race stand in the group, or (`crash`) does a crash? */
static bool has(struct groups *groups, size_t group, bool crash)
{
	for (size_t i = 0; i < groups->count; i++) {
		const struct finding *one = groups->findings[i];
		bool is = crash ? one->kind == FINDING_CRASH : finding_is_race(one);
		if (is && joined_find(groups, i) == group)
			return true;
	}
	return false;
}

bool groups_is_end(const struct finding *finding)
{
	return finding->kind == FINDING_CRASH || finding->kind == FINDING_TEST_FAILURE ||
	       finding->kind == FINDING_REFERENCE_COUNT || finding_is_misuse(finding);
}

bool groups_is_elsewhere(const struct finding *end, const struct finding *cause)
{
	bool ends = end->kind == FINDING_CRASH || end->kind == FINDING_TEST_FAILURE;
	return ends && !only_there(end, cause);
}

/* The race that the end follows from, or `at`. */
static size_t cause_of(const struct groups *groups, size_t at)
{
	const struct finding *end = groups->findings[at];
	for (size_t i = 0; end->follows && i < groups->count; i++)
		if (!strcmp(groups->findings[i]->id, end->follows) &&
		    joined_may(groups->findings[i], end))
			return i;
	return at;
}

/* The group that most speaks for; `at` if it is not known which. */
static size_t group_before(struct groups *groups, size_t at)
{
	const struct finding *end = groups->findings[at];
	size_t found = at;
	unsigned best = 0;
	for (size_t i = 0; i < groups->count; i++) {
		unsigned own = weight(end, groups->findings[i]);
		size_t group = joined_find(groups, i);
		if (own && own == best && group != found)
			found = at;
		else if (own > best)
			found = group;
		best = own > best ? own : best;
	}
	return found;
}

/* The one group with races of this test alone, in the end's iteration; without it, or of several, that of the cause. */
static size_t group_of_test(struct groups *groups, size_t at, size_t cause)
{
	const struct finding *end = groups->findings[at];
	size_t found = cause;
	for (size_t i = 0; i < groups->count; i++) {
		const struct finding *race = groups->findings[i];
		size_t group = joined_find(groups, i);
		if (!weight(end, race) || !share_iteration(end, race) || !only_there(end, race) ||
		    group == found)
			continue;
		if (found != cause)
			return cause;
		found = group;
	}
	return found;
}

void groups_add_end(struct groups *groups, size_t at)
{
	const struct finding *end = groups->findings[at];
	if (end->test_count && matrix_type_length(end->tests[0]))
		return;
	if (!has(groups, joined_find(groups, at), false)) {
		size_t cause = cause_of(groups, at);
		joined_join(groups, at,
			    cause == at ? group_before(groups, at)
					: group_of_test(groups, at, cause));
	}
	for (size_t i = 0; end->kind == FINDING_CRASH && i < groups->count; i++)
		/* Of crashes of several bugs it is told with one. */
		if (is_of_ending(end, groups->findings[i]) &&
		    sides_share_test(end, groups->findings[i]) &&
		    !has(groups, joined_find(groups, i), true))
			joined_join(groups, at, i);
}
