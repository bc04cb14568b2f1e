/*
 * toml.h - the part of TOML (toml.io) that ftstress's own lists are written in:
 *
 *     project = "cpython"                 # at the top, or in a table
 *     [[bug]]                             begins a table; there may be any number of one name
 *     issue = 150791
 *     functions = ["^groupby_next$",      an array may go on over several lines
 *                  "^groupby_step$"]
 *
 * Values are strings in double quotes with \" and \\, whole numbers, and arrays of strings.
 */
#ifndef RUNNER_TOML_H
#define RUNNER_TOML_H

#include <stddef.h>

/* What has been read; all of it is only there during the call. */
struct toml_item {
	const char *table;   /* "bug"; "" at the top */
	const char *key;     /* NULL: a table begins */
	char *const *values; /* a string or a number is one */
	size_t count;
	unsigned line; /* of the file */
};

/*
 * Calls `each` for every table and key, in order, until one returns not 0. Returns that, or EXIT_BAD_INPUT after a
 * message to the user: file, line, what was expected.
 */
int toml_read(const char *path, int (*each)(void *context, const struct toml_item *item),
	      void *context);

#endif
