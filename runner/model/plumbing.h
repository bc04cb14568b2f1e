/*
 * plumbing.h - which frames of a stack say nothing about a bug; by tables of names.
 */
#ifndef RUNNER_PLUMBING_H
#define RUNNER_PLUMBING_H

#include <stdbool.h>

#include "ftstress/finding.h"

/*
 * Is the frame plumbing: internals of the interpreter, the runtime or the test runner? That is what
 * carries a call from one function of the user to the next, and what stands outside of the first
 * frame of a test. Looks only at function, file, module and language.
 */
bool plumbing_is(const struct frame *frame);

/*
 * Is the frame a helper? A helper only does what its caller asked for (reference counts, atomics,
 * memcpy, the runtime's interceptors, allocators), so it is never the place of a bug.
 */
bool plumbing_is_helper(const struct frame *frame);

/*
 * Does the stack mix the calls of several greenlets? ThreadSanitizer keeps one list of calls for
 * each thread, and does not see that greenlet switches the thread to another stack. Such a list
 * shows Python code inside of a greenlet's switch, or callers of a thread's first function.
 */
bool plumbing_mixes_stacks(const struct stack *stack);

/*
 * Lets go of the frames outside of the outermost one that is neither plumbing nor the interpreter's:
 * how every test, or every thread of ours, begins. Of a stack that is nothing else, all stays, or
 * nothing.
 */
void plumbing_cut(struct stack *stack, bool all);

/*
 * Is the frame borrowed: a function of others that is compiled into the module? Such are inline
 * functions of CPython's headers, the C++ library, pybind11 and Rust's library. They say little
 * about what the module did, and whether they show in a stack depends on what was inlined. They are
 * known by where their file lies; a package's own headers are not borrowed.
 */
bool plumbing_is_borrowed(const struct frame *frame);

/*
 * Is it a base module: the interpreter, the C library, or a runtime? These work on what others hand
 * to them.
 */
bool plumbing_is_base_module(const char *module);

/* Does the rule of a table fit the name? It is a name, or the beginning of one and '*'. */
bool plumbing_name_matches(const char *rule, const char *name);

/*
 * Is it a runtime (ThreadSanitizer's, or libftstress.so)? Is it a part of the C library, which is
 * not instrumented? `module` may be NULL.
 */
bool plumbing_is_runtime_module(const char *module);
bool plumbing_is_c_library(const char *module);

#endif
