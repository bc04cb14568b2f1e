/*
 * plumbing.h - which frames say nothing about a bug: the tables of names.
 */
#ifndef RUNNER_PLUMBING_H
#define RUNNER_PLUMBING_H

#include <stdbool.h>

#include "ftstress/finding.h"

/*
 * Interpreter, runtime or test-runner internals: true for the frames that carry a call from one
 * user function to the next and for those below the first test frame. Looks at function, file,
 * module and language only.
 */
bool plumbing_is(const struct frame *frame);

/*
 * A helper that only does what its caller asked (reference counts, atomics, memcpy, the runtime's
 * interceptors, allocators): never the place of a bug.
 */
bool plumbing_is_helper(const struct frame *frame);

/*
 * Is the stack, as ThreadSanitizer kept it, of several coroutines, one over the other? It has one
 * list of calls for each thread, and does not see that greenlet puts another stack under the thread.
 * Known by Python code inside of a greenlet's switch, and by a thread's first function that has
 * callers.
 */
bool plumbing_mixes_stacks(const struct stack *stack);

/*
 * Code of others that is compiled into a module, and says little about what the module did: inline
 * functions of CPython's headers, the C++ library, pybind11, Rust's library. Whether such a function
 * shows in a stack at all depends on what was inlined. It is known by where its file lies; a
 * package's own header is none.
 */
bool plumbing_is_borrowed(const struct frame *frame);

/*
 * A module of the process itself: the interpreter, the C library, a runtime. Its code works on what
 * others hand to it.
 */
bool plumbing_is_base_module(const char *module);

/* A rule of the tables: a name, or its beginning where the rule ends in '*'. */
bool plumbing_name_matches(const char *rule, const char *name);

/* Of these: what instruments the process, and what it cannot instrument. `module` may be NULL. */
bool plumbing_is_runtime_module(const char *module);
bool plumbing_is_c_library(const char *module);

#endif
