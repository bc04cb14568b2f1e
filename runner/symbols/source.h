/*
 * source.h - lines of source files, to show them under a frame.
 *
 * Files are read once, and kept as long as all together are small. It is no error if a file can't
 * be read, is no regular file, is very large or has no such line: the paths come from debug
 * information, and the sources that were compiled are often gone.
 */
#ifndef REPORTS_SOURCE_H
#define REPORTS_SOURCE_H

#include <stddef.h>

struct source_cache;

struct source_line {
	const char *text; /* not NUL-terminated; without the newline */
	size_t length;    /* bytes; at most SOURCE_LINE_MAX */
};

#define SOURCE_LINE_MAX 400

struct source_cache *source_open(void);
void source_close(struct source_cache *cache);

/*
 * Puts line `number` (1..) of the file into *line; it is valid until the next call. Returns 1, or 0
 * if there is no such line.
 */
int source_get(struct source_cache *cache, const char *path, int number, struct source_line *line);

#endif
