/* heap.c - see heap.h. */
#include "runner/verdict/heap.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"

#define FRAMES 16 /* so many innermost frames of a thread get names */

/* Functions of Objects/mimalloc that walk a list to its end, and count no steps. */
static const char *const walkers[] = {
	"_mi_page_free_collect",         /* freed blocks */
	"_mi_heap_delayed_free_partial", /* blocks that other threads freed */
	"mi_page_queue_find_free_ex",    /* pages */
	"_mi_page_queue_append",         "mi_heap_visit_pages",
	"_mi_heap_area_visit_blocks", /* free blocks */
};

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/*
 * Is it a frame inside of an instrumented access: ThreadSanitizer's runtime, or ours? Or the
 * module's jump table on the way there, which has no names: it shows without one, or as "_init",
 * the last function before it.
 */
static bool is_runtime(const struct frame *frame)
{
	return frame->language == FRAME_UNKNOWN || !strcmp(frame->function, "_init") ||
	       starts_with(frame->function, "__tsan") ||
	       (frame->module &&
		(strstr(frame->module, "clang_rt.tsan") || strstr(frame->module, "libftstress")));
}

const char *heap_walker(const struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		const struct frame *frame = &stack->frames[i];
		for (size_t k = 0; k < sizeof walkers / sizeof *walkers; k++)
			if (!strcmp(frame->function, walkers[k]))
				return walkers[k];
		if (!is_runtime(frame) && !starts_with(frame->function, "mi_") &&
		    !starts_with(frame->function, "_mi_"))
			return NULL;
	}
	return NULL;
}

bool heap_seen(struct heap_watch *watch, pid_t tid, const char *function, double now)
{
	bool same = function && watch->function == function && watch->tid == tid;
	watch->seen = !function ? 0 : same ? watch->seen + 1 : 1;
	watch->tid = tid;
	watch->function = function;
	watch->due = now + (function ? HEAP_EVERY : HEAP_PAUSE);
	return watch->seen >= HEAP_LOOKS;
}

static const char *walker_of(const struct captured_thread *thread, const struct heap_names *names,
			     pid_t pid)
{
	uint64_t pcs[FRAMES];
	size_t count = 0;
	while (count < FRAMES && count < thread->count &&
	       thread->frames[count].kind == CAPTURED_NATIVE) {
		pcs[count] = thread->frames[count].pc;
		count++;
	}
	if (!thread->busy || !count)
		return NULL;
	struct stack named = { 0 };
	collator_frames(names->collator, names->context, pid, pcs, count, thread->frames[0].exact,
			&named);
	const char *walker = heap_walker(&named);
	stack_clear(&named);
	return walker;
}

bool heap_look(struct heap_watch *watch, const struct heap_names *names, pid_t pid, double now)
{
	struct capture capture;
	char *why = NULL;
	if (now < watch->due)
		return false;
	int failed = capture_process(pid, &capture, &why);
	free(why);
	if (failed)
		return heap_seen(watch, 0, NULL, now);
	const char *found = NULL;
	pid_t tid = 0;
	for (size_t i = 0; i < capture.count && !found; i++) {
		/* Once a thread was seen in a list, only that thread is looked at. */
		const struct captured_thread *thread = &capture.threads[i];
		if (watch->seen && thread->tid != watch->tid)
			continue;
		tid = thread->tid;
		found = walker_of(thread, names, pid);
	}
	capture_clear(&capture);
	return heap_seen(watch, tid, found, now);
}

static void replace(char **text, char *by)
{
	free(*text);
	*text = by;
}

/* Drop the frames inside of the walker: which ones there are is chance, and the stack is the id. */
static void drop_inner(struct stack *stack)
{
	const char *walker = heap_walker(stack);
	while (walker && strcmp(stack->frames[0].function, walker) != 0) {
		struct stack inner = { .frames = xcalloc(1, sizeof *inner.frames), .count = 1 };
		inner.frames[0] = stack->frames[0];
		stack_clear(&inner);
		stack->count--;
		memmove(stack->frames, stack->frames + 1, stack->count * sizeof *stack->frames);
	}
}

/* Keep only the thread that is caught: where the others were says nothing about the bug. */
static void keep_caught(struct finding *finding, pid_t tid)
{
	size_t at = 0;
	while (at < finding->participant_count && finding->participants[at].tid != (int)tid)
		at++;
	if (at == finding->participant_count)
		return;
	struct participant caught = finding->participants[at];
	finding->participants[at] = finding->participants[0];
	finding->participants[0] = caught;
	while (finding->participant_count > 1) {
		struct finding rest = { .participants = xcalloc(1, sizeof *rest.participants),
					.participant_count = 1 };
		rest.participants[0] = finding->participants[--finding->participant_count];
		finding_clear(&rest);
	}
	drop_inner(&finding->participants[0].stack);
	replace(&finding->participants[0].role,
		xstrdup("walks a list of the allocator without end"));
}

void heap_tell(const struct heap_watch *watch, const char *test, struct finding *finding)
{
	replace(&finding->title,
		xprintf("The heap is corrupted: %s is caught in the allocator", test));
	replace(&finding->explanation,
		xprintf("A thread was in %s whenever ftstress looked, %u times in a row, and got "
			"nowhere: the list that it walks leads back into itself. Some time before, "
			"often in another thread or test, a block was freed twice, or was written "
			"to after it was freed. The thread that is caught is not to blame: look "
			"first at the races, the double frees and the uses after free of the same "
			"tests.",
			watch->function, watch->seen));
	keep_caught(finding, watch->tid);
}
