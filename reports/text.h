/*
 * text.h - words about findings, and text from outside made fit for its reader.
 *
 * Titles, test ids and output come from programs that crash: they can hold any byte.
 */
#ifndef REPORTS_TEXT_H
#define REPORTS_TEXT_H

#include <jansson.h>

#include "ftstress/finding.h"
#include "runner/base/util.h"

/* Append `text` as valid UTF-8: each byte that is part of none becomes U+FFFD. */
void text_add_utf8(struct buf *out, const char *text);
/* The same as a value of JSON, for jansson refuses bytes that are no UTF-8. NULL: null. */
json_t *text_json(const char *text);

/* As above, on one line and without control characters: each of them becomes a space. */
void text_add_line(struct buf *out, const char *text);

/*
 * As text_add_utf8(), but no more than about `most` bytes: what is left out is counted, "... (1048000 bytes
 * more)".
 */
void text_add_most(struct buf *out, const char *text, size_t most);

/* How many columns the UTF-8 `text` takes on a terminal (every character counts as one). */
size_t text_columns(const char *text);

/* Cut the UTF-8 string in `buf` to `columns` with an ellipsis at its end; 0 = leave it. */
void text_cut(struct buf *buf, size_t columns);

/* "data race" or "data races". */
const char *text_kind(enum finding_kind kind, uint64_t count);

/* The end of a path that says the most: from the package or the source tree on. */
const char *text_short_path(const char *path);

/* What was run: "20 iterations of numpy_tests (312 tests, 3 iterations with the GIL)". */
void text_add_run(struct buf *out, const struct run_info *run);

/* How many of the findings have each status. */
void text_count(const struct report_input *input, uint64_t counts[STATUS_COUNT]);

/*
 * Whether the race shows with the order as written, too: "The order as written shows it, too (2 of
 * 3 runs)". false if that was not tried: nothing is appended.
 */
bool text_add_as_written(struct buf *out, const struct finding *finding);

/*
 * The frames of a side that tell the most, NULL where there is none. The line that the title names
 * is always among them.
 *
 *     _Py_atomic_store          C       plumbing
 *     store_word                C       native: the innermost own function of C or C++
 *     Words.fill                Cython  cython: the function that the bug is known by
 *     PyObject_Vectorcall       C       plumbing
 *     _PyEval_EvalFrameDefault  C       plumbing
 *     test_fill                 Python  python
 */
struct text_place {
	const struct frame *python, *cython, *native;
	bool loop; /* no C function was called: the interpreter's loop did it, for the Python line */
};
struct text_place text_place(const struct finding *finding, const struct participant *side);

/* Index of the frame that a side is known by (see runner/model/fingerprint.h), SITE_NONE where a
 * thread waits or has no stack. */
size_t text_site(const struct finding *finding, const struct participant *side);

/* Did it touch memory? Others that took part (who freed the memory, who holds the lock) did not. */
bool text_is_access(const struct finding *finding, const struct participant *side);

/* A lock's name without its address, and where it was taken or made: "Pool.lock (pool.py:12)". */
void text_add_lock(struct buf *out, const struct held_lock *lock);

/* "test_fill.py:8" of a frame, "fill.c:~8" where the line is one near by; or nothing. */
void text_add_place(struct buf *out, const struct frame *frame);

/* What a stack of several greenlets is told with; NULL where the stack is of one. */
const char *text_mixed(const struct finding *finding, const struct participant *side);

/*
 * "113 of 151 tests failed every time they ran, alone too: ..." False, and nothing, if none did.
 */
bool text_add_failing(struct buf *out, const struct run_info *run);
/* The same for files of tests that can't be imported. */
bool text_add_unimported(struct buf *out, const struct run_info *run);
/* So many that it is the first thing to be said: more than a tenth of the tests that ran. */
bool text_failing_first(const struct run_info *run);
/* More than a tenth of the files. */
bool text_unimported_first(const struct run_info *run);

/* "48,645" */
void text_add_number(struct buf *out, uint64_t count);

#endif
