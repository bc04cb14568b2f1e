/* livelock_tell.c - see livelock_tell.h. */
#include "runner/verdict/livelock_tell.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"
#include "runner/model/fingerprint.h"

static const struct captured_thread *thread_of(const struct capture *capture, int tid)
{
	for (size_t i = 0; capture && i < capture->count; i++)
		if (capture->threads[i].tid == tid)
			return &capture->threads[i];
	return NULL;
}

static bool same_function(const struct frame *a, const struct frame *b)
{
	bool files = a->file && b->file ? !strcmp(a->file, b->file) : a->file == b->file;
	return a->language == b->language && !strcmp(a->function, b->function) && files;
}

static size_t count_python(const struct stack *stack)
{
	size_t count = 0;
	for (size_t i = 0; i < stack->count; i++)
		count += stack->frames[i].language == FRAME_PYTHON;
	return count;
}

/* The frame of Python code of which there are `outer` further out; stack->count if there is none. */
static size_t python_frame(const struct stack *stack, size_t outer)
{
	for (size_t i = stack->count, seen = 0; i-- > 0;)
		if (stack->frames[i].language == FRAME_PYTHON && seen++ == outer)
			return i;
	return stack->count;
}

/*
 * The innermost frame that was there all the time: there the thread goes round. Of one that stands in a call, the C
 * functions in its innermost Python function are compared with those of the time before.
 */
static size_t loop_of(const struct stack *now, const struct stack *before,
		      const struct moving_thread *moved)
{
	size_t python = count_python(now), common = moved ? moved->common : 0;
	if (!common)
		return 0;
	common = common < python ? common : python;
	if (moved->motion != MOTION_STANDS)
		return python_frame(now, common - 1);
	size_t at = python_frame(now, python - 1), earlier = python_frame(before, python - 1);
	if (!before->frames || at == now->count || earlier == before->count)
		return at == now->count ? 0 : at;
	while (at && earlier && same_function(&now->frames[at - 1], &before->frames[earlier - 1])) {
		at--;
		earlier--;
	}
	return at;
}

static const struct frame *shown(const struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++)
		if (!stack->frames[i].plumbing && stack->frames[i].file)
			return &stack->frames[i];
	return NULL;
}

static void put_place(struct buf *out, const struct stack *stack)
{
	struct roots none = { NULL, 0 };
	const struct frame *frame = shown(stack);
	if (!frame) {
		buf_puts(out, "code that is not known");
		return;
	}
	char *path = short_path(frame->file, &none);
	buf_printf(out, "%s (%s:%d)", frame->function, path, frame->line);
	free(path);
}

static const char *motion_text(enum motion motion)
{
	return motion == MOTION_ROUND    ? "computes, and comes back to where it was"
	       : motion == MOTION_STANDS ? "computes in one call"
					 : "computes";
}

static void tell_thread(const struct livelock *livelock, const struct fault *fault,
			struct participant *part, struct buf *detail)
{
	const struct captured_thread *now = thread_of(fault->capture, part->tid);
	const struct captured_thread *then = thread_of(&livelock->before, part->tid);
	const struct moving_thread *moved = motion_of(&livelock->moving, part->tid);
	struct stack before = { 0 };
	if (!now || !now->busy)
		return;
	part->computes = true;
	free(part->role);
	part->role = xstrdup(motion_text(moved ? moved->motion : MOTION_UNKNOWN));
	if (then)
		fault_stack(fault, then, &before);
	buf_printf(detail, "%s: now in ", part->thread);
	put_place(detail, &part->stack);
	if (then) {
		buf_puts(detail, ", before in ");
		put_place(detail, &before);
	}
	size_t loop = loop_of(&part->stack, &before, moved);
	for (size_t i = 0; i < loop; i++)
		part->stack.frames[i].plumbing = true;
	buf_puts(detail, "; all the time in ");
	put_place(detail, &part->stack);
	buf_puts(detail, "\n");
	stack_clear(&before);
}

/* Those that compute come first. */
static void sort_threads(struct finding *finding)
{
	size_t count = finding->participant_count, next = 0;
	struct participant *sorted = xcalloc(count, sizeof *sorted);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < count; i++)
			if (finding->participants[i].computes == !pass)
				sorted[next++] = finding->participants[i];
	free(finding->participants);
	finding->participants = sorted;
}

static char *explanation(const struct livelock *livelock, const struct fault *fault)
{
	return xprintf(
		"The test computed for %.0f seconds of processor time in threads and did not end. When "
		"its threads run one after the other, it takes %.3g seconds (measured when this went on "
		"for long). The threads were stopped again and again, and those that compute got "
		"nowhere. Look for a loop that waits for what no thread will do any more, for threads "
		"that undo each other's work, or for a chain that a race has closed to a circle.",
		livelock->used, fault->alone);
}

void livelock_tell(const struct livelock *livelock, const struct fault *fault,
		   struct finding *finding)
{
	struct buf detail = { 0 };
	fault_of_hang(fault, finding);
	finding->kind = FINDING_LIVELOCK;
	char *title = xprintf("%s: its threads compute, and get nowhere", finding->title);
	free(finding->title);
	finding->title = title;
	free(finding->explanation);
	finding->explanation = explanation(livelock, fault);
	for (size_t i = 0; i < finding->participant_count; i++)
		tell_thread(livelock, fault, &finding->participants[i], &detail);
	sort_threads(finding);
	if (detail.length) {
		buf_printf(&detail, "\n%s", finding->detail);
		free(finding->detail);
		finding->detail = buf_take(&detail);
	}
}
