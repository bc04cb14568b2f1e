/*
 * abort.h - a process that ends itself, and what it prints first.
 *
 * Py_FatalError(), a failed assertion, std::terminate(), a panic of Rust: each of them calls
 * abort() through the same few functions, whatever went wrong. So these functions say nothing about
 * the bug. But the process prints a line before it aborts, and that line does: it is a part of the
 * finding's title and fingerprint.
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

/* Is it one of the functions between the code that has the bug and abort()? */
bool abort_is_path(const struct frame *frame);

/*
 * What the process printed before the abort that `stack` shows, as one line. If `output` has
 * several such messages, the last one counts. NULL if the stack shows no known way to abort (a
 * plain abort() prints nothing), or if the output has no message of that way. To be freed.
 */
char *abort_message(const struct stack *stack, const char *output);

/* The message with files in place of their paths, for a title. To be freed. */
char *abort_shown(const char *message);

/* Is it of C's assert(), which stands at one place? CPython's own stand in functions for all. */
bool abort_is_assert(const char *message);

/*
 * The message without what differs from run to run and from build to build: addresses and numbers
 * are "#", the folder of a file is cut off. An assertion's expression stays as it is. To be freed.
 */
char *abort_stable(const char *message);

#endif
