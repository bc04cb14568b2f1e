/* output.c - see output.h. */
#include "runner/trial/output.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"

void output_add(struct output *output, const char *bytes, size_t length)
{
	if (!output->head) {
		output->head = xmalloc(OUTPUT_HEAD);
		output->tail = xmalloc(OUTPUT_TAIL);
	}
	if (output->total < OUTPUT_HEAD) {
		size_t room = OUTPUT_HEAD - (size_t)output->total;
		size_t take = length < room ? length : room;
		memcpy(output->head + output->total, bytes, take);
		output->total += take;
		bytes += take;
		length -= take;
	}
	if (length > OUTPUT_TAIL) {
		size_t skip = length - OUTPUT_TAIL;
		output->total += skip;
		bytes += skip;
		length = OUTPUT_TAIL;
	}
	while (length) {
		size_t at = (size_t)((output->total - OUTPUT_HEAD) % OUTPUT_TAIL);
		size_t take = length < OUTPUT_TAIL - at ? length : OUTPUT_TAIL - at;
		memcpy(output->tail + at, bytes, take);
		output->total += take;
		bytes += take;
		length -= take;
	}
}

void output_clear(struct output *output)
{
	output->total = 0;
}

void output_free(struct output *output)
{
	free(output->head);
	free(output->tail);
	*output = (struct output){ 0 };
}

char *output_text(const struct output *output)
{
	struct buf text = { 0 };
	uint64_t head = output->total < OUTPUT_HEAD ? output->total : OUTPUT_HEAD;
	uint64_t rest = output->total - head;
	if (head)
		buf_add(&text, output->head, (size_t)head);
	if (rest > OUTPUT_TAIL) {
		buf_printf(&text, "\n[... %" PRIu64 " bytes left out ...]\n", rest - OUTPUT_TAIL);
		size_t at = (size_t)(rest % OUTPUT_TAIL);
		buf_add(&text, output->tail + at, OUTPUT_TAIL - at);
		buf_add(&text, output->tail, at);
	} else if (rest) {
		buf_add(&text, output->tail, (size_t)rest);
	}
	/* The text goes into a report: replace NULs in the middle. */
	for (size_t i = 0; i < text.length; i++)
		if (text.data[i] == '\0')
			text.data[i] = ' ';
	return buf_take(&text);
}

char *output_last_lines(const struct output *output, size_t lines)
{
	char *text = output_text(output);
	size_t at = strlen(text);
	while (at && text[at - 1] == '\n')
		text[--at] = '\0';
	for (; at; at--)
		if (text[at - 1] == '\n' && --lines == 0)
			break;
	memmove(text, text + at, strlen(text + at) + 1);
	return text;
}
