/* refine.c - see refine.h. */
#include "runner/collate/refine.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"
#include "runner/model/memory.h"

enum { INNERMOST = 4 }; /* frames, of which several are inlined */

/*
 * An object that is about to be freed is given one reference for the time of its finalizer: that is no
 * reference to an object that is gone. The function is inlined, so only its name tells it.
 */
static bool is_resurrection(struct stacks *stacks, uint32_t number)
{
	struct stack stack;
	bool found = false;
	stacks_frames(stacks, number, &stack);
	for (size_t i = 0; i < stack.count && i < INNERMOST && !found; i++)
		found = !strcmp(stack.frames[i].function, "_PyObject_ResurrectStart");
	stack_clear(&stack);
	return found;
}

enum finding_kind refine_kind(struct stacks *stacks, const struct report_view *view,
			      const uint32_t *numbers, bool *none)
{
	struct participant sides[2] = { 0 };
	struct finding finding = { .participants = sides };
	bool race = report_kind(view) == FINDING_DATA_RACE;
	for (size_t i = 0; i < view->count && race; i++) {
		const struct fts_section *head = &view->sections[i].head;
		if (head->kind != FTS_SEC_ACCESS || finding.participant_count == 2)
			continue;
		struct participant *side = &sides[finding.participant_count++];
		side->write = head->flags & FTS_ACCESS_WRITE;
		side->frees = head->flags & FTS_ACCESS_FREES;
		side->atomic = head->flags & FTS_ACCESS_ATOMIC;
		stacks_frames(stacks, numbers[i], &side->stack);
	}
	bool freed = race && memory_freed_in_use(&finding);
	*none = race && memory_is_look(&finding);
	if (report_kind(view) == FINDING_REFERENCE_COUNT && view->count)
		*none = is_resurrection(stacks, numbers[0]);
	for (size_t i = 0; i < 2; i++)
		stack_clear(&sides[i].stack);
	return freed ? FINDING_USE_AFTER_FREE : report_kind(view);
}

/*
 * A count is seen to be wrong where any object could be: in a list that is cleared, say. Which one it
 * is, says where it was made.
 */
bool refine_by_maker(const struct report_view *view, size_t section)
{
	return view->sections[section].head.kind == FTS_SEC_OBJECT &&
	       view->sections[section].head.frame_count &&
	       report_kind(view) == FINDING_REFERENCE_COUNT;
}

/* "made:py:fill@app.py": the function in Python that made the object. To be freed, or NULL. */
char *refine_maker(struct stacks *stacks, uint32_t number, const struct roots *roots)
{
	struct stack stack;
	char *maker = NULL;
	stacks_frames(stacks, number, &stack);
	for (size_t i = 0; i < stack.count && !maker; i++) {
		if (stack.frames[i].language != FRAME_PYTHON)
			continue;
		char *text = frame_text(&stack.frames[i], roots);
		maker = xprintf("made:%s", text);
		free(text);
	}
	stack_clear(&stack);
	return maker;
}

/* What ThreadSanitizer tells as a write is the memory's end. */
void refine_end(struct finding *finding)
{
	for (size_t i = 0; i < finding->participant_count; i++) {
		struct participant *side = &finding->participants[i];
		if (finding->kind != FINDING_USE_AFTER_FREE || side->frees ||
		    side != memory_freed_in_use(finding))
			continue;
		side->frees = true;
		free(side->role);
		side->role = xstrdup("frees the memory");
	}
}
