/*
 * abort.h - a process that ends itself, and what it says first.
 *
 * Py_FatalError, an assertion, std::terminate, a panic of Rust: all come to abort() through the same
 * few functions, whatever went wrong. So these functions say nothing about the bug. The line that
 * is printed on the way says it: it belongs to the bug's name.
 *
 *     abort, raise ...                     the C library
 *     fatal_error_exit                    ─┐
 *     fatal_error                          │ plumbing: abort_is_path()
 *     _Py_FatalErrorFunc                  ─┘   "Fatal Python error: pool_take: the pool is gone"
 *     pool_take                            the bug
 */
#ifndef RUNNER_ABORT_H
#define RUNNER_ABORT_H

#include <stdbool.h>

#include "ftstress/finding.h"

/* Is it one of the functions between the code that gave up and abort()? */
bool abort_is_path(const struct frame *frame);

/*
 * What was printed before the abort that `stack` shows, as one line: the last text in `output` of
 * the way that the stack went. NULL if the stack went none of the known ways (a plain abort() says
 * nothing) or the text isn't there. To be freed.
 */
char *abort_message(const struct stack *stack, const char *output);

/*
 * The message without what differs from run to run and from build to build: addresses, numbers and
 * a file's folder. An assertion's own expression stays as it is. To be freed.
 */
char *abort_stable(const char *message);

#endif
