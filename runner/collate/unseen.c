/* unseen.c - see unseen.h. */
#include "runner/collate/unseen.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"
#include "runner/model/plumbing.h"

/* The module that is not instrumented, if the runtime did it in place of the C library for one; or NULL. */
static const char *module_of_act(struct symbolizer *symbolizer, const struct stacks *stacks,
				 uint32_t number)
{
	struct shared_stack stack = stacks_get(stacks, number);
	for (size_t i = 0; i < stack.count; i++) {
		position at = stack.positions[i];
		if (at == POSITION_UNKNOWN || (at & POSITION_PYTHON))
			return NULL;
		const char *module = symbolizer_module_name(symbolizer, at);
		if (plumbing_is_runtime_module(module))
			continue;
		bool seen = !plumbing_is_c_library(module) &&
			    symbolizer_is_instrumented(symbolizer, at);
		return i > 0 && !seen ? module : NULL;
	}
	return NULL;
}

/* Of a report: its two accesses, and the block. */
struct sight {
	const char
		*acts[2]; /* the module of each, if it is an act of one that is not instrumented */
	int32_t tids[2];
	size_t count;
	const char *owner; /* the same of who allocated the block */
	int32_t allocated_by;
};

static struct sight look(struct symbolizer *symbolizer, const struct stacks *stacks,
			 const struct report_view *view, const uint32_t *numbers)
{
	struct sight sight = { 0 };
	for (size_t i = 0; i < view->count; i++) {
		const struct fts_section *head = &view->sections[i].head;
		if (head->kind == FTS_SEC_ACCESS && sight.count < 2) {
			sight.tids[sight.count] = head->tid;
			sight.acts[sight.count++] = module_of_act(symbolizer, stacks, numbers[i]);
		} else if (head->kind == FTS_SEC_HEAP) {
			sight.allocated_by = head->tid;
			sight.owner = module_of_act(symbolizer, stacks, numbers[i]);
		}
	}
	return sight;
}

bool unseen_take(struct unseen *unseen, struct symbolizer *symbolizer, const struct stacks *stacks,
		 const struct report_view *view, const uint32_t *numbers)
{
	struct sight sight = look(symbolizer, stacks, view, numbers);
	if (sight.count != 2 || (!sight.acts[0] && !sight.acts[1]))
		return false;
	if (sight.acts[0] && sight.acts[1])
		return plumbing_is_c_library(sight.acts[0]) && plumbing_is_c_library(sight.acts[1]);
	size_t act = sight.acts[0] ? 0 : 1;
	/* What the C library and its like allocate is for who called them. */
	if (!sight.owner || plumbing_is_base_module(sight.owner) ||
	    strcmp(sight.owner, sight.acts[act]) != 0 || sight.allocated_by != sight.tids[act])
		return false;
	unseen->count++;
	if (!unseen->module)
		unseen->module = xstrdup(sight.owner);
	return true;
}

char *unseen_side(struct symbolizer *symbolizer, const struct stacks *stacks,
		  const struct report_view *view, const uint32_t *numbers)
{
	struct sight sight = look(symbolizer, stacks, view, numbers);
	for (size_t i = 0; i < sight.count; i++)
		if (sight.acts[i] && !plumbing_is_base_module(sight.acts[i]))
			return xprintf(
				"%s is not compiled with ThreadSanitizer: locks and what it calls "
				"of the C library are seen there, but no atomic variable, and no "
				"variable that is initialised at its first use. If such a one "
				"orders the two, this is no race.",
				sight.acts[i]);
	return NULL;
}

char *unseen_words(const struct unseen *unseen)
{
	if (!unseen->count)
		return NULL;
	bool one = unseen->count == 1;
	return xprintf(
		"%" PRIu64 " race%s with code that is not compiled with ThreadSanitizer (%s%s) %s "
		"not told: on memory that it has allocated itself, and what orders it (atomics, "
		"variables that are initialised at their first use) is not seen",
		unseen->count, one ? "" : "s", unseen->module, one ? "" : " was the first",
		one ? "is" : "are");
}

void unseen_free(struct unseen *unseen)
{
	free(unseen->module);
}
