/* groups_lines.c - see groups_lines.h. */
#include "reports/groups_lines.h"

#include <string.h>

#include "reports/groups.h"
#include "reports/sides.h"
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

/* A number for the two lines, whichever comes first. */
static uint64_t hash_lines(uint64_t hash, const struct frame *one, const struct frame *two)
{
	uint64_t sum = sides_hash_line(0, one) + sides_hash_line(0, two);
	return hash_bytes(hash, &sum, sizeof sum);
}

void groups_add_lines(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	const struct subject *subject = &finding->subject;
	const struct frame *maker = groups_made_at(subject);
	const struct frame *one = sides_user(&finding->participants[0]);
	const struct frame *two = sides_user(&finding->participants[1]);
	const char *type = groups_type_of_both(finding);
	/* Of who touches memory that was let go nobody knows whose fault it is. */
	bool gone = finding->rank == RANK_FREED || finding->rank == RANK_UNPUBLISHED;
	if (gone || !maker || !one || !two || subject->kind != SUBJECT_OBJECT || !subject->type)
		return;
	uint64_t made = sides_hash_line(joined_key(finding, OF_USES), maker);
	if (sides_cpythons(&finding->participants[0].stack) &&
	    sides_cpythons(&finding->participants[1].stack))
		joined_add(groups, at, hash_lines(made, one, two));
	bool own = type && !strcmp(type, subject->type);
	if (!type || !(own || sides_same_line(maker, one) || sides_same_line(maker, two)))
		return;
	uint64_t calls = hash_string(joined_key(finding, OF_CALLS), type);
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

#define COUNTS_END 24 /* of an object's owner and counts, which lie before its type */

/* Is it memory that the interpreter uses to run a function, and nothing that the function uses? */
static bool is_of_frame(const struct finding *finding)
{
	enum subject_kind kind = finding->subject.kind;
	bool header = kind == SUBJECT_OBJECT && finding->subject.offset < COUNTS_END;
	return header || kind == SUBJECT_STACK || kind == SUBJECT_BLOCK ||
	       kind == SUBJECT_UNKNOWN || finding->rank == RANK_UNPUBLISHED;
}

static uint64_t key_of_body(const struct finding *finding, const struct frame *body)
{
	uint64_t key = hash_string(joined_key(finding, OF_BODY), body->function);
	return hash_string(key, body->file ? body->file : "");
}

void groups_add_body(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	const struct subject *subject = &finding->subject;
	const struct frame *maker = groups_made_at(subject);
	if (subject->type && !strcmp(subject->type, "generator") && maker) {
		joined_add(groups, at, key_of_body(finding, maker));
		return;
	}
	const struct stack *stacks[] = { &finding->participants[0].stack,
					 &finding->participants[1].stack };
	const struct frame *one = sides_body(stacks[0]), *two = sides_body(stacks[1]);
	if (sides_same_function(one, two) && is_of_frame(finding) && is_interpreters(stacks[0]) &&
	    is_interpreters(stacks[1]))
		joined_add(groups, at, key_of_body(finding, one));
}

void groups_add_links(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	const struct stack *stacks[] = { &finding->participants[0].stack,
					 &finding->participants[1].stack };
	const struct frame *one = sides_body(stacks[0]), *two = sides_body(stacks[1]);
	bool own = finding->subject.kind == SUBJECT_HEAP &&
		   sides_cpythons(&finding->subject.allocated);
	if (!one == !two || !(own || is_of_frame(finding)) || !is_interpreters(stacks[0]) ||
	    !is_interpreters(stacks[1]))
		return;
	uint64_t race = map_get(&groups->by_key, key_of_body(finding, one ? one : two));
	if (race != MAP_NONE)
		joined_join(groups, at, race);
}
