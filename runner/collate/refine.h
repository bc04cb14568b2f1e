/*
 * refine.h - what a report is, by the names of the functions in its stacks.
 */
#ifndef RUNNER_REFINE_H
#define RUNNER_REFINE_H

#include <stdbool.h>
#include <stdint.h>

#include "runner/records/assemble.h"
#include "runner/symbols/stacks.h"

/*
 * The kind: a data race is a use after free if one of its sides is the end of the memory. *none: it is no
 * finding: a look at an object that may be gone, or at one whose finalizer runs. `numbers`: of the stacks
 * of the sections.
 */
enum finding_kind refine_kind(struct stacks *stacks, const struct report_view *view,
			      const uint32_t *numbers, bool *none);

/* Does the section say where the object was made, and count for the id? */
bool refine_by_maker(const struct report_view *view, size_t section);
/* "made:py:fill@app.py": the function in Python that made the object. To be freed, or NULL. */
char *refine_maker(struct stacks *stacks, uint32_t number, const struct roots *roots);

/* Of a use after free: what ThreadSanitizer tells as a write is the memory's end. */
void refine_end(struct finding *finding);

#endif
