/*
 * traceback.h - the lines of a traceback, as Python's own `traceback` module writes it:
 *
 *       File "/a/test_x.py", line 12, in test_x
 *         check(1)
 *     ValueError: negative count
 */
#ifndef RUNNER_TRACEBACK_H
#define RUNNER_TRACEBACK_H

#include <stdbool.h>
#include <stddef.h>

/* A call; all of it lies in the traceback. */
struct traceback_call {
	const char *file, *code;         /* code: of the line, without the space before it */
	size_t file_length, code_length; /* code_length 0: the source was not there */
	int line;
};

/* The call that is told first at `*at` or behind it, which is moved behind that; false: none. */
bool traceback_next(const char **at, struct traceback_call *call);

#endif
