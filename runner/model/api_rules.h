/*
 * api_rules.h - what CPython asks of those who call functions of its C API that lock nothing.
 *
 * CPython says of its functions how they may be used by several threads (Doc/data/threadsafety.dat, 3.14);
 * here are those that are not safe on an object that others use, the same for functions and macros that
 * its table has not, and what to use instead. A race that goes through one of them is told with that rule:
 * the mistake is the extension's call, not the access inside of the interpreter.
 */
#ifndef RUNNER_API_RULES_H
#define RUNNER_API_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "ftstress/finding.h"
#include "runner/base/util.h"

struct api_rule;

/* Of the function of the C API that an extension calls in the stack; NULL: there is none. */
const struct api_rule *api_rule_called(const struct stack *stack);

/*
 * The frame of the extension's code in which the access is, if it is one that a macro of the C API may have
 * made: no function of the interpreter was called. NULL: none.
 */
const struct frame *api_rule_macro_frame(const struct stack *stack);
/* Of the macro of the C API that stands in the line; NULL: none does. */
const struct api_rule *api_rule_in_line(const char *line, size_t length);

/* What to call in the place of the function, which returns a reference; NULL: nothing is known. */
const char *api_rule_instead(const char *function);

/* Adds one sentence, with a blank before it. */
void api_rule_add(struct buf *out, const struct api_rule *rule);

#endif
