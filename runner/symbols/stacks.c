/* stacks.c - see stacks.h. */
#include "runner/symbols/stacks.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/map.h"
#include "runner/base/util.h"

enum { COMPLETE_STACK = 64 }; /* added to the score of a stack that reaches its thread's start */

struct known {
	size_t from; /* in stacks.positions */
	uint32_t count, score;
	char *site; /* NULL = stacks_judge() was not called yet */
	bool base;
};

struct stacks {
	struct symbolizer *symbolizer;
	struct roots roots;
	position *positions; /* of all */
	size_t position_count, position_capacity;
	struct known *known;
	size_t count, capacity;
	struct map by_hash;
};

struct stacks *stacks_new(struct symbolizer *symbolizer, const struct roots *roots)
{
	struct stacks *stacks = xcalloc(1, sizeof *stacks);
	stacks->symbolizer = symbolizer;
	stacks->roots = *roots;
	return stacks;
}

void stacks_free(struct stacks *stacks)
{
	for (size_t i = 0; i < stacks->count; i++)
		free(stacks->known[i].site);
	map_free(&stacks->by_hash);
	free(stacks->positions);
	free(stacks->known);
	free(stacks);
}

uint32_t stacks_add(struct stacks *stacks, const position *positions, size_t count)
{
	uint64_t hash = count;
	for (size_t i = 0; i < count; i++) {
		uint64_t state = hash ^ positions[i];
		hash = splitmix64(&state);
	}
	uint64_t at = map_get(&stacks->by_hash, hash);
	if (at != MAP_NONE)
		return (uint32_t)at;
	struct known stack = { .from = stacks->position_count, .count = (uint32_t)count };
	for (size_t i = 0; i < count; i++)
		ARRAY_PUSH(stacks->positions, stacks->position_count, stacks->position_capacity,
			   positions[i]);
	ARRAY_PUSH(stacks->known, stacks->count, stacks->capacity, stack);
	map_set(&stacks->by_hash, hash, stacks->count - 1);
	return (uint32_t)(stacks->count - 1);
}

size_t stacks_count(const struct stacks *stacks)
{
	return stacks->count;
}

void stacks_resolve(struct stacks *stacks, uint32_t first)
{
	if (first == stacks->count)
		return;
	size_t from = stacks->known[first].from;
	symbolizer_resolve(stacks->symbolizer, stacks->positions + from,
			   stacks->position_count - from);
}

struct shared_stack stacks_get(const struct stacks *stacks, uint32_t number)
{
	const struct known *known = &stacks->known[number];
	return (struct shared_stack){ stacks->positions + known->from, known->count, known->score,
				      known->site, known->base };
}

void frames_of(struct symbolizer *symbolizer, const position *positions, size_t count,
	       struct stack *out)
{
	*out = (struct stack){ 0 };
	symbolizer_resolve(symbolizer, positions, count);
	for (size_t i = 0; i < count; i++) {
		const struct stack *frames = symbolizer_frames(symbolizer, positions[i]);
		stack_append(out, frames->frames, frames->count);
	}
}

void stacks_frames(struct stacks *stacks, uint32_t number, struct stack *out)
{
	const struct known *known = &stacks->known[number];
	frames_of(stacks->symbolizer, stacks->positions + known->from, known->count, out);
}

/* Does the stack reach the start of its thread or process? */
static bool is_complete(const struct stack *stack)
{
	static const char *const starts[] = { "thread_run",        "pythread_wrapper",
					      "start_thread",      "Py_BytesMain",
					      "pymain_main",       "main",
					      "Thread._bootstrap", "__libc_start_main" };
	for (size_t i = 0; i < 3 && i < stack->count; i++) {
		const char *name = stack->frames[stack->count - 1 - i].function;
		for (size_t k = 0; k < sizeof starts / sizeof *starts; k++) {
			if (!strcmp(name, starts[k]))
				return true;
		}
	}
	return false;
}

struct shared_stack stacks_judge(struct stacks *stacks, uint32_t number)
{
	struct known *known = &stacks->known[number];
	if (known->site)
		return stacks_get(stacks, number);
	struct stack stack;
	stacks_frames(stacks, number, &stack);
	for (size_t i = 0; i < stack.count && known->score < STACK_FRAMES_COUNTED; i++)
		known->score += stack.frames[i].language != FRAME_UNKNOWN;
	if (is_complete(&stack))
		known->score += COMPLETE_STACK;
	known->site = site_text(&stack, &stacks->roots);
	known->base = site_is_base(&stack);
	stack_clear(&stack);
	return stacks_get(stacks, number);
}
