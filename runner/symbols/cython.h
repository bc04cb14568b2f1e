/*
 * cython.h - leads from the C code that Cython generates back to the .pyx file.
 *
 * The name of a generated function has its kind and its scopes, each with its length before it. A
 * function that Python can call has a running number, too:
 *
 *     __pyx_pf_5numpy_6random_8_mt19937_7MT19937_2_legacy_seeding
 *           kind package package module  class   number and name      MT19937._legacy_seeding
 *
 * A generated file has marks: comments that say which line of the source comes next:
 *
 *     / * "numpy/random/_mt19937.pyx":146
 *      * ...the lines around, and `# <<<<<<` at line 146
 */
#ifndef RUNNER_CYTHON_H
#define RUNNER_CYTHON_H

#include <stdbool.h>
#include <stddef.h>

#include "ftstress/finding.h"

struct cython;

/* source_dirs: where generated files may lie that are not where the debug information says. */
struct cython *cython_open(const char *const *source_dirs, size_t count);
void cython_close(struct cython *cython);

/*
 * Rewrites a C frame of code that Cython has generated: language, function, file and line. Other
 * frames stay as they are. Wrappers and helpers of Cython's own become plumbing and keep their C
 * names; their file and line are those of the generated file, or none if that is not found.
 * `function_start`: the C line where the function begins, 0 = not known.
 */
void cython_frame(struct cython *cython, struct frame *frame, int function_start);

/*
 * "MT19937._legacy_seeding", from the name of a generated function; to be freed. NULL if it is no
 * such name, or a wrapper's. `module`: the base name of the .pyx file or of the shared object, or
 * NULL; scopes up to the module are left out.
 */
char *cython_demangle(const char *name, const char *module);

#endif
