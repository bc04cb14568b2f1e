/* groups_lines.c - see groups_lines.h. */
#include "reports/groups_lines.h"

#include <string.h>

#include "reports/groups.h"
#include "runner/base/util.h"
#include "runner/model/fingerprint.h"
#include "runner/model/matrix.h"
#include "runner/model/plumbing.h"

bool groups_walks(const char *type)
{
	static const char *const others[] = { "generator", "coroutine", "async_generator",
					      "zip",       "map",       "filter",
					      "enumerate", "reversed" };
	static const char end[] = "iterator";
	size_t length = strlen(type);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (!strcmp(type, others[i]))
			return true;
	return !strchr(type, '.') && length >= strlen(end) &&
	       !strcmp(type + length - strlen(end), end);
}

/* The generator's function that the thread was in, or NULL: the innermost of Python, if a generator runs it. */
static const struct frame *body_of(const struct stack *stack)
{
	enum { NEAR = 4 };
	size_t at = 0;
	while (at < stack->count && stack->frames[at].language != FRAME_PYTHON)
		at++;
	for (size_t i = at + 1; i < stack->count && i <= at + NEAR; i++) {
		const struct frame *frame = &stack->frames[i];
		if (frame->language == FRAME_PYTHON)
			return NULL;
		if (!strncmp(frame->function, "gen_iternext", 12) ||
		    !strncmp(frame->function, "gen_send", 8))
			return &stack->frames[at];
	}
	return NULL;
}

/* The line of Python that uses the memory; of a generator's code the one that runs the generator. */
static const struct frame *line_of(const struct participant *side)
{
	struct subject user = { .allocated = side->stack };
	const struct frame *body = body_of(&side->stack);
	size_t skipped = body ? (size_t)(body - side->stack.frames) + 1 : 0;
	user.allocated.frames += skipped;
	user.allocated.count -= skipped;
	return groups_made_at(&user);
}

static uint64_t hash_line(uint64_t hash, const struct frame *frame)
{
	hash = hash_string(hash, frame->file);
	return hash_bytes(hash, &frame->line, sizeof frame->line);
}

static bool same_line(const struct frame *a, const struct frame *b)
{
	return a->line == b->line && !strcmp(a->file, b->file);
}

/* A number for the two lines, whichever comes first. */
static uint64_t hash_lines(uint64_t hash, const struct frame *one, const struct frame *two)
{
	uint64_t sum = hash_line(0, one) + hash_line(0, two);
	return hash_bytes(hash, &sum, sizeof sum);
}

/* Is it CPython's own code that the line calls, and no other extension's? */
static bool is_cpythons(const struct stack *stack)
{
	for (size_t i = 0; i < stack->count && stack->frames[i].language != FRAME_PYTHON; i++)
		if (!stack->frames[i].module || !plumbing_is_base_module(stack->frames[i].module))
			return false;
	return true;
}

void groups_add_lines(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	const struct subject *subject = &finding->subject;
	const struct frame *maker = groups_made_at(subject);
	const struct frame *one = line_of(&finding->participants[0]);
	const struct frame *two = line_of(&finding->participants[1]);
	const char *type = groups_type_of_both(finding);
	/* Of who touches memory that was let go nobody knows whose fault it is. */
	bool gone = finding->rank == RANK_FREED || finding->rank == RANK_UNPUBLISHED;
	if (gone || !maker || !one || !two || subject->kind != SUBJECT_OBJECT || !subject->type)
		return;
	uint64_t made = hash_line((uint64_t)finding->status + OF_USES, maker);
	if (is_cpythons(&finding->participants[0].stack) &&
	    is_cpythons(&finding->participants[1].stack))
		joined_add(groups, at, hash_lines(made, one, two));
	bool own = type && !strcmp(type, subject->type);
	if (!type || !(own || same_line(maker, one) || same_line(maker, two)))
		return;
	uint64_t calls = hash_string((uint64_t)finding->status + OF_CALLS, type);
	joined_add(groups, at, hash_lines(calls, one, two));
}

/* ---- generators that two threads are in ---- */

static bool is_interpreters(const struct stack *stack)
{
	size_t site = site_frame(stack);
	const struct frame *frame = site == SITE_NONE ? NULL : &stack->frames[site];
	return frame && (frame->language == FRAME_PYTHON ||
			 (frame->module && plumbing_is_base_module(frame->module)));
}

/* Is it memory that the interpreter uses to run a function, and nothing that the function uses? */
static bool is_of_frame(const struct finding *finding)
{
	enum subject_kind kind = finding->subject.kind;
	return kind == SUBJECT_STACK || kind == SUBJECT_BLOCK || kind == SUBJECT_UNKNOWN ||
	       finding->rank == RANK_UNPUBLISHED;
}

static void add_body(struct groups *groups, size_t at, const struct frame *body)
{
	uint64_t key =
		hash_string((uint64_t)groups->findings[at]->status + OF_BODY, body->function);
	joined_add(groups, at, hash_string(key, body->file ? body->file : ""));
}

void groups_add_body(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	const struct subject *subject = &finding->subject;
	const struct frame *maker = groups_made_at(subject);
	if (subject->type && !strcmp(subject->type, "generator") && maker) {
		add_body(groups, at, maker);
		return;
	}
	const struct stack *stacks[] = { &finding->participants[0].stack,
					 &finding->participants[1].stack };
	const struct frame *one = body_of(stacks[0]), *two = body_of(stacks[1]);
	bool same = one && two && !strcmp(one->function, two->function) && one->file && two->file &&
		    !strcmp(one->file, two->file);
	if (same && is_of_frame(finding) && is_interpreters(stacks[0]) &&
	    is_interpreters(stacks[1]))
		add_body(groups, at, one);
}

/* ---- crashes ---- */

static bool share(char *const *one, size_t one_count, char *const *two, size_t two_count)
{
	for (size_t i = 0; i < one_count; i++)
		for (size_t k = 0; k < two_count; k++)
			if (!strcmp(one[i], two[k]))
				return true;
	return false;
}

static bool goes_before(const struct finding *finding)
{
	return finding_is_race(finding) || finding_is_misuse(finding) ||
	       finding->kind == FINDING_REFERENCE_COUNT;
}

void groups_add_crash(struct groups *groups, size_t at)
{
	const struct finding *crash = groups->findings[at];
	size_t found = at;
	if (matrix_type_of(crash))
		return;
	for (size_t i = 0; i < groups->count; i++) {
		const struct finding *other = groups->findings[i];
		if (!goes_before(other) ||
		    !share(crash->tests, crash->test_count, other->tests, other->test_count))
			continue;
		if (other->status != crash->status ||
		    (found != at && joined_find(groups, i) != found))
			return; /* it is not known which of them */
		found = joined_find(groups, i);
	}
	if (found == at)
		return;
	/* One of the group, at least, came in an iteration that crashed. */
	for (size_t i = 0; i < groups->count; i++) {
		const struct finding *race = groups->findings[i];
		if (joined_find(groups, i) == found &&
		    share(crash->replays, crash->replay_count, race->replays, race->replay_count)) {
			joined_join(groups, at, found);
			return;
		}
	}
}
