/*
 * fingerprint.h - which records are the same bug.
 *
 * A **site** is the place in a stack that a bug is known by. It must not change with the line, the
 * address, what was inlined, or the test that came by:
 *
 *     memcpy                       helper: skipped            ─┐
 *     init_genrand     mt19937.c   C                           │ innermost module segment:
 *     _legacy_seeding  _mt19937.pyx  Cython  ◄── the site      │ its innermost Cython function,
 *     PyObject_Vectorcall  libpython                          ─┘ else its innermost C function
 *
 * That function is the module's own code, in a .c file or a header of the package. Functions that
 * it borrows (CPython's and the C++ library's headers, pybind11: plumbing_is_borrowed()) are their
 * caller's.
 *
 * An access that the eval loop made for a Python frame has that Python function as its site.
 * The fingerprint hashes the kind and the sites, sorted, so that neither side comes first.
 *
 * Two global variables that race between the same functions are two bugs: a data race on a global
 * is known by the variable's name, too. Not by an offset in it, nor what compilers add to the name.
 * The interpreter's code works on what it is handed, so a race between it and whatever static type
 * or object is one bug: if a site or the variable is the interpreter's, the name does not count.
 */
#ifndef RUNNER_FINGERPRINT_H
#define RUNNER_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>

#include "ftstress/finding.h"

/* Prefixes that are cut off file names; borrowed. */
struct roots {
	const char *const *dirs;
	size_t count;
};

#define SITE_NONE SIZE_MAX

/* Index of the site's frame; SITE_NONE in an empty stack. */
size_t site_frame(const struct stack *stack);
/* The site as text that is the same in every run, "?" for an empty stack; to be freed. */
char *site_text(const struct stack *stack, const struct roots *roots);
/* The same for one frame. */
char *frame_text(const struct frame *frame, const struct roots *roots);
/* Is the site the interpreter's: a Python function, or C code of a plumbing_is_base_module()? */
bool site_is_base(const struct stack *stack);
/* A global variable's name by its symbol, without what compilers add. To be freed. */
char *global_text(const char *symbol);
/* A file's name for people and fingerprints: below a root, else its last two parts. To be freed. */
char *short_path(const char *file, const struct roots *roots);
/* A test's id without pytest's parameters: "f.py::test_x[3-a]" is "f.py::test_x". To be freed. */
char *test_without_parameters(const char *test);

/* "KIND-" and 12 hex digits of the parts, whatever their order; equal parts count once. */
char *fingerprint(enum finding_kind kind, const char *const *parts, size_t count);
/* The digits of an id, in it: a deadlock has those of the lock order that it came of. */
const char *fingerprint_digits(const char *id);

/* The signal's name ("SIGSEGV"), what was printed before an abort (abort.h; or NULL), and the first
 * three frames that tell something. */
char *fingerprint_crash(const char *signal, const char *message, const struct stack *stack,
			const struct roots *roots);
/* Does the frame tell where a crashed thread was? */
bool fingerprint_frame_tells(const struct frame *frame);
/* Where each thread waits. */
char *fingerprint_hang(enum finding_kind kind, const struct participant *participants, size_t count,
		       const struct roots *roots);
/* The same of a finding; without threads, its test. */
char *fingerprint_waits(const struct finding *finding, const struct roots *roots);
/* A test and the type of the exception that it failed with. */
char *fingerprint_test_failure(const char *test, const char *exception);
char *fingerprint_out_of_memory(const char *test);

/*
 * The fingerprint of a ready-made finding, as its kind has it (runner/model/kinds/). A crash: its
 * signal, its message and the first participant's frames; without a stack, test and message or
 * title. A hang: its participants. A test failure: tests[0] and the exception's type. Out of memory:
 * tests[0].
 */
char *fingerprint_finding(const struct finding *finding, const struct roots *roots);

#endif
