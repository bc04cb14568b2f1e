/*
 * util.h - memory that does not fail, strings that grow, messages to the user.
 */
#ifndef RUNNER_UTIL_H
#define RUNNER_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXIT_CLEAN 0    /* nothing new */
#define EXIT_FINDINGS 1 /* new findings */
#define EXIT_INTERRUPTED 2
#define EXIT_INTERNAL 3
#define EXIT_BAD_INPUT 4      /* usage or suite error */
#define EXIT_NOTHING_PASSED 5 /* nothing ran, or nothing passed */

/* Allocation; on failure a message and exit(EXIT_INTERNAL). The result is the caller's to free. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size); /* zeroed */
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text); /* NULL in, NULL out */
char *xstrndup(const char *text, size_t length);
void strings_free(char **strings, size_t count); /* each, and the array */
char *xprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Append one element to a growing array: ARRAY_PUSH(items, count, capacity, value). */
#define ARRAY_PUSH(items, count, capacity, value)                                                  \
	do {                                                                                       \
		if ((count) == (capacity)) {                                                       \
			(capacity) = (capacity) ? (capacity) * 2 : 8;                              \
			(items) = xrealloc((items), (capacity) * sizeof *(items));                 \
		}                                                                                  \
		(items)[(count)++] = (value);                                                      \
	} while (0)

/* A string that grows; zero-initialise, free with buf_free. `data` is NUL-terminated or NULL. */
struct buf {
	char *data;
	size_t length, capacity;
};
void buf_add(struct buf *buf, const void *bytes, size_t length);
void buf_puts(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_clear(struct buf *buf); /* length 0, memory kept */
void buf_free(struct buf *buf);
char *buf_take(struct buf *buf); /* the string, now the caller's; never NULL */

/* Whole file into memory, NUL-terminated; NULL with errno on failure. *length may be NULL. */
char *read_file(const char *path, size_t *length);

/* "SIGSEGV", "SIGRTMIN+3", "signal 99"; to be freed. */
char *signal_text(int number);

/*
 * `length` bytes as UTF-8, to be freed: each byte that is not part of a valid sequence (RFC 3629: no
 * surrogates, shortest form) becomes U+FFFD.
 */
char *utf8_text(const char *bytes, size_t length);
/* The length of the UTF-8 sequence at `at`, of which `room` bytes are there; 0 if it is none. */
size_t utf8_sequence(const char *at, size_t room);

/* FNV-1a, 64 bits, and a mixer with good avalanche (splitmix64: Steele et al., 2014). */
uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t length);
uint64_t hash_string(uint64_t seed, const char *text);
uint64_t splitmix64(uint64_t *state);

/* Is all of the text a number that fits? The base is 10 or 16, without "0x". */
bool whole_number(const char *text, int base, uint64_t *number);

double now_seconds(void); /* CLOCK_MONOTONIC */

/* "ftstress: ..." on standard error, above the progress line if one is shown. */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * A failure that its caller has to look at. A function that can fail returns an exit code (0 = ok)
 * and has told the user with fail(): fail() prints "ftstress: ..." and returns `code`.
 */
int fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Set by the progress display: called before and after a message is printed. May be NULL. */
extern void (*message_before)(void);
extern void (*message_after)(void);

#endif
