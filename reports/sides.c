/* sides.c - see sides.h. */
#include "reports/sides.h"

#include <stdlib.h>
#include <string.h>

#include "reports/groups.h"
#include "runner/base/util.h"
#include "runner/model/fingerprint.h"
#include "runner/model/memory.h"
#include "runner/model/plumbing.h"

bool sides_race(const struct finding *finding)
{
	return finding_is_race(finding) && finding->participant_count == 2;
}

bool sides_have_type(const struct subject *subject)
{
	return (subject->kind == SUBJECT_OBJECT || subject->kind == SUBJECT_BUFFER) &&
	       subject->type && *subject->type;
}

bool sides_let_go(const struct finding *finding)
{
	return finding->rank == RANK_FREED || finding->rank == RANK_UNPUBLISHED;
}

bool sides_ends_it(const struct participant *side)
{
	return side->operation && !strcmp(side->operation, "dealloc");
}

bool sides_share_test(const struct finding *one, const struct finding *two)
{
	for (size_t i = 0; i < one->test_count; i++)
		for (size_t k = 0; k < two->test_count; k++)
			if (strcmp(one->tests[i], two->tests[k]) == 0)
				return true;
	return false;
}

uint64_t sides_hash_line(uint64_t hash, const struct frame *frame)
{
	hash = hash_string(hash, frame->file);
	return hash_bytes(hash, &frame->line, sizeof frame->line);
}

uint64_t sides_hash_frame(uint64_t hash, const struct frame *frame)
{
	char *text = frame_text(frame, NULL);
	hash = hash_string(hash, text);
	free(text);
	return hash;
}

const struct frame *sides_site(const struct participant *side)
{
	size_t at = site_frame(&side->stack);
	if (at != SITE_NONE && memory_is_allocator(&side->stack.frames[at]))
		at = memory_caller(&side->stack);
	return at < side->stack.count ? &side->stack.frames[at] : NULL;
}

bool sides_core(const struct frame *frame)
{
	return frame->module && plumbing_is_base_module(frame->module) &&
	       !(frame->file && strstr(frame->file, "Modules/"));
}

bool sides_cpythons(const struct stack *stack)
{
	for (size_t i = 0; i < stack->count && stack->frames[i].language != FRAME_PYTHON; i++)
		if (!stack->frames[i].module || !plumbing_is_base_module(stack->frames[i].module))
			return false;
	return true;
}

const struct frame *sides_line(const struct participant *side)
{
	const struct subject stack = { .allocated = side->stack };
	return groups_made_at(&stack);
}

const struct frame *sides_body(const struct stack *stack)
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

const struct frame *sides_user(const struct participant *side)
{
	struct subject user = { .allocated = side->stack };
	const struct frame *body = sides_body(&side->stack);
	size_t skipped = body ? (size_t)(body - side->stack.frames) + 1 : 0;
	user.allocated.frames += skipped;
	user.allocated.count -= skipped;
	return groups_made_at(&user);
}

bool sides_library(const struct frame *line)
{
	const char *in = strstr(line->file, "/lib/python3.");
	const char *file = in ? strchr(in + strlen("/lib/"), '/') : NULL;
	return file && !strstr(file, "-packages/") && !strstr(file, "/test/");
}

bool sides_same_function(const struct frame *one, const struct frame *two)
{
	return one && two && !strcmp(one->function, two->function) && one->file && two->file &&
	       !strcmp(one->file, two->file);
}

bool sides_same_line(const struct frame *a, const struct frame *b)
{
	return a->line == b->line && !strcmp(a->file, b->file);
}
