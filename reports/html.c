/*
 * html.c - the report for people: the page (reports/page) with the report's JSON inside, packed.
 *
 *	page_data   HEAD  @@REPORT@@                   TAIL
 *	output      HEAD  the JSON, packed (packed.h)  TAIL
 */
#include <errno.h>
#include <string.h>

#include "reports/draw.h"
#include "reports/formats.h"
#include "reports/json.h"
#include "reports/packed.h"
#include "reports/page_data.h"
#include "runner/base/util.h"

static const char mark[] = "@@REPORT@@";

static int to_page(const char *bytes, size_t length, void *data)
{
	return packed_add(data, bytes, length);
}

static int put_report(FILE *out, const struct report_input *input)
{
	struct packed *packed = packed_new(out);
	if (!packed)
		return -1;
	int result = report_json_dump(input, to_page, packed);
	int end = packed_end(packed);
	return result ? result : end;
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
		      put_report(out, drawn_input(drawn)) ||
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
