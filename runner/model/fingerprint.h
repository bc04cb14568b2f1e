/*
 * fingerprint.h - a name for a bug, by which records of the same bug are merged.
 *
 * A **site** is the function in a stack that the bug is known by. Which function that is must not
 * depend on line numbers, addresses, inlining, or the test that ran:
 *
 *     memcpy                       helper: skipped            ─┐
 *     init_genrand     mt19937.c   C                           │ innermost module segment:
 *     _legacy_seeding  _mt19937.pyx  Cython  ◄── the site      │ its innermost Cython function,
 *     PyObject_Vectorcall  libpython                          ─┘ else its innermost C function
 *
 * The site is the module's own code, in a .c file or a header of the package. A function that comes
 * from elsewhere (headers of CPython and of the C++ library, pybind11: plumbing_is_borrowed())
 * counts as a part of its caller.
 *
 * Where the eval loop made the access while it ran Python code, the site is the Python function.
 * The fingerprint is a hash of the kind and the sites. The sites are sorted first, so that it does
 * not matter which side of a race is the first one.
 *
 * A race on a Python variable that has a name, an attribute or a global, is known by the variable
 * and its file instead: all functions that use it without the lock are one bug.
 *
 * Two global variables on which the same functions race are two bugs. So the fingerprint of a data
 * race on a global variable has the variable's name, too, without what compilers add to it, and
 * without the offset in it. With one exception: the interpreter's code works on what others hand to
 * it, so the same race of it may come on many static types and objects. If a site or the variable
 * is the interpreter's, the name is left out.
 */
#ifndef RUNNER_FINGERPRINT_H
#define RUNNER_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>

#include "ftstress/finding.h"

/* Folders that are cut off the beginning of file names. The strings are somebody else's. */
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

/*
 * Of a crash: the signal's name ("SIGSEGV"), what was printed before an abort (abort.h; or NULL),
 * and the first three frames that fingerprint_frame_tells().
 */
char *fingerprint_crash(const char *signal, const char *message, const struct stack *stack,
			const struct roots *roots);
/* Does the frame say where a crashed thread was? Plumbing, helpers and ways to abort do not. */
bool fingerprint_frame_tells(const struct frame *frame);
/* Of a hang: the function in which each thread waits. */
char *fingerprint_hang(enum finding_kind kind, const struct participant *participants, size_t count,
		       const struct roots *roots);
/* The same, made from a finding; one without threads is known by its test. */
char *fingerprint_waits(const struct finding *finding, const struct roots *roots);
/* Of a test failure: the test, and the type of the exception. */
char *fingerprint_test_failure(const char *test, const char *exception);
char *fingerprint_out_of_memory(const char *test);

/*
 * The fingerprint of a finding that is filled in. Each kind says in its file (runner/model/kinds/)
 * what it is made of:
 *
 *     crash           the signal, the message, and frames of the first participant; without a stack
 *                     the test, and the message or title
 *     hang, deadlock  the functions in which the participants wait
 *     test failure    tests[0] and the exception's type
 *     out of memory   tests[0]
 *     any other       the sites of the participants; without any, the title
 */
char *fingerprint_finding(const struct finding *finding, const struct roots *roots);

#endif
