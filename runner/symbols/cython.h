/*
 * cython.h - from the C that Cython generates back to what was written in the .pyx file.
 *
 * A generated function's name is a kind and its scopes, each with its length before it; functions
 * that Python can call have a running number too:
 *
 *     __pyx_pf_5numpy_6random_8_mt19937_7MT19937_2_legacy_seeding
 *           kind package package module  class   number and name      MT19937._legacy_seeding
 *
 * A generated file carries its source in comments:
 *
 *     / * "numpy/random/_mt19937.pyx":146
 *      * ...the lines around, `# <<<<<<` behind line 146
 */
#ifndef RUNNER_CYTHON_H
#define RUNNER_CYTHON_H

#include <stdbool.h>
#include <stddef.h>

#include "ftstress/finding.h"

struct cython;

/* source_dirs: where generated files may lie when their own path is gone; borrowed. */
struct cython *cython_open(const char *const *source_dirs, size_t count);
void cython_close(struct cython *cython);

/*
 * Rewrites a C frame from Cython-generated code: language, function, file and line. Wrappers
 * and helpers of Cython's own become plumbing and keep their C names. Other frames stay as they
 * are. What Cython itself brought along gets its line of the generated file, or none where that is
 * not found: its own names for such code ("cython_utility") are no files. `function_start` is the C line where the function begins, 0 = not known.
 */
void cython_frame(struct cython *cython, struct frame *frame, int function_start);

/*
 * "MT19937._legacy_seeding" of a generated function's name, to be freed; NULL when it is none or a
 * wrapper. `module` is the base name of the .pyx file or of the shared object; scopes up to it are
 * left out. May be NULL.
 */
char *cython_demangle(const char *name, const char *module);

#endif
