/*
 * countlog.h - what was done to the reference count of an object that a finding is about, as text.
 *
 * Of a run with a log of it (`ftstress explain`): the operations in their order, where the sum goes wrong,
 * and which functions have dropped more references than they have taken.
 */
#ifndef RUNNER_COUNTLOG_H
#define RUNNER_COUNTLOG_H

#include "runner/model/fingerprint.h"
#include "runner/records/assemble.h"

/* Puts the stack of the view's section number `section` into `out`. */
typedef void countlog_stack(void *context, size_t section, struct stack *out);

/* To be freed; NULL: there is no log. */
char *countlog_text(const struct report_view *view, countlog_stack *stack_of, void *context,
		    const struct roots *roots);

#endif
