/*
 * fieldname.h - which field of an object a report is about.
 *
 * Of a type of CPython's own it is known how its objects are laid out: the debug information of any module
 * that has the structure says it, whatever code touched the field (the eval loop, a copy of memory). Of all
 * others the code that touched it is asked (members.h), and the two sides must not contradict each other.
 */
#ifndef RUNNER_FIELDNAME_H
#define RUNNER_FIELDNAME_H

#include <stdint.h>

#include "runner/records/assemble.h"
#include "runner/symbols/stacks.h"
#include "runner/symbols/symbolize.h"

struct source_cache;

struct fieldname_parts {
	struct symbolizer *symbolizer;
	struct stacks *stacks;
	struct source_cache *sources;
};

/*
 * `stacks`: for each section of the report, the number of its stack; `type`: the object's. "ob_item"; to be
 * freed. NULL: not known.
 */
char *fieldname(const struct fieldname_parts *parts, const struct report_view *view,
		const uint32_t *stacks, const char *type, uint64_t offset);

#endif
