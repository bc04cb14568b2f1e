/*
 * variable.h - what only races of Python code have: an id by the variable, a comment in the code that
 * says that it is meant, and the sight of what it loses.
 */
#ifndef RUNNER_VARIABLE_H
#define RUNNER_VARIABLE_H

#include <stddef.h>

#include "runner/collate/ledger.h"
#include "runner/model/fingerprint.h"
#include "runner/records/assemble.h"
#include "runner/symbols/source.h"

/*
 * A variable with a name of its own, an attribute, a global or a generator, is what the bug is known by,
 * whichever of the functions that use it met. `text`: of the report, with the variable; the sites: of both
 * sides. To be freed; NULL = it is no such variable.
 */
char *variable_fingerprint(enum finding_kind kind, const char *text, const char *const *sites,
			   size_t count);

/* "# ftstress: ok one thread only (x.py:12)": what a comment at the frame's line says. To be freed; or NULL. */
char *variable_meant(struct source_cache *sources, const struct frame *frame,
		     const struct roots *places);

/* A report of a race that was made to happen. */
struct variable_sight {
	const struct report_view *view;
	struct source_cache *sources;
	/* Puts the stack of the view's section number `section` into `out`. */
	void (*stack_of)(void *context, size_t section, struct stack *out);
	void *context;
};
/* The finding of that race says so, unless it says something better already. */
void variable_seen(struct entry *entry, const struct variable_sight *sight);

#endif
