/* rst.c - which operations two threads may call at once, in reStructuredText (safety.h). */
#include "reports/formats.h"
#include "reports/safety.h"
#include "reports/text.h"

static void heading(struct buf *out, const char *text, unsigned level)
{
	buf_printf(out, "%s\n", text);
	for (size_t i = text_columns(text); i; i--)
		buf_puts(out, level == 1 ? "*" : "=");
	buf_puts(out, "\n\n");
}

static void row(struct buf *out, const char *left, const char *right)
{
	buf_printf(out, "   * - %s\n     - %s\n", left, right);
}

static void table(struct buf *out, const char *left, const char *right)
{
	buf_puts(out, ".. list-table::\n   :header-rows: 1\n\n");
	row(out, left, right);
}

static int rst_write(FILE *out, const struct report_input *input)
{
	static const struct markup markup = {
		.bold = "**", .code = "``", .heading = heading, .table = table, .row = row
	};
	return safety_write(out, input, &markup);
}

const struct report_format report_rst = {
	.name = "rst",
	.extension = "rst",
	.help = "the same in reStructuredText",
	.write = rst_write,
};
