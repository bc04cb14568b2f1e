/*
 * html.c - the report for people: the page (reports/page) with the report's JSON inside.
 *
 * Its stacks are numbers of a table there (frames.h), for they repeat.
 *
 *	page_data   HEAD  @@REPORT@@                   TAIL
 *	output      HEAD  the JSON with \u003c for "<"  TAIL
 *
 * The mark stands in <script type="application/json">. A browser ends that element at "</script"
 * and reads "<!--" and "<script" in it as well, so that no "<" at all may stand there; inside JSON
 * it only ever occurs in strings, where the escape means the same.
 */
#include <errno.h>
#include <string.h>

#include "reports/draw.h"
#include "reports/formats.h"
#include "reports/json.h"
#include "reports/page_data.h"
#include "runner/base/util.h"

static const char mark[] = "@@REPORT@@";

static int to_script(const char *bytes, size_t length, void *data)
{
	FILE *out = data;
	while (length) {
		const char *less = memchr(bytes, '<', length);
		size_t plain = less ? (size_t)(less - bytes) : length;
		if (fwrite(bytes, 1, plain, out) != plain)
			return -1;
		if (less && fputs("\\u003c", out) < 0)
			return -1;
		plain += less != NULL;
		bytes += plain;
		length -= plain;
	}
	return 0;
}

static int html_write(FILE *out, const struct report_input *input)
{
	const size_t mark_length = sizeof mark - 1;
	size_t head = 0;
	while (head + mark_length <= page_data_length &&
	       memcmp(page_data + head, mark, mark_length) != 0)
		head++;
	if (head + mark_length > page_data_length)
		return fail(EINVAL, "the page that was built into this ftstress has no %s", mark);
	const unsigned char *tail = page_data + head + mark_length;
	size_t tail_length = page_data_length - head - mark_length;
	struct drawn *drawn = drawn_new(input);
	errno = 0;
	bool failed = fwrite(page_data, 1, head, out) != head ||
		      report_json_dump(drawn_input(drawn), true, to_script, out) ||
		      fwrite(tail, 1, tail_length, out) != tail_length;
	int error = errno;
	drawn_free(drawn);
	if (failed)
		return error ? error : EIO;
	return report_flush(out);
}

const struct report_format report_html = {
	.name = "html",
	.extension = "html",
	.help = "for people: one page that needs nothing else",
	.write = html_write,
};
