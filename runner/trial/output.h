/*
 * output.h - keeps what a program printed: the beginning and the end, in constant memory.
 */
#ifndef RUNNER_OUTPUT_H
#define RUNNER_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#define OUTPUT_HEAD (16u * 1024u)
#define OUTPUT_TAIL (48u * 1024u)

struct output {
	char *head, *tail; /* tail is a ring */
	uint64_t total;    /* bytes seen */
};

void output_add(struct output *output, const char *bytes, size_t length);
void output_clear(struct output *output); /* begin anew; the memory is kept */
void output_free(struct output *output);

/* The text, with a line that says how much is left out; "" if nothing was printed. To be freed. */
char *output_text(const struct output *output);
/* The last lines, at most `lines` of them; to be freed. */
char *output_last_lines(const struct output *output, size_t lines);

#endif
