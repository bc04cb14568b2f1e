/* md.c - which operations two threads may call at once, in Markdown (safety.h). */
#include "reports/formats.h"
#include "reports/safety.h"

static void heading(struct buf *out, const char *text, unsigned level)
{
	buf_printf(out, "%.*s %s\n\n", (int)level, "######", text);
}

static void row(struct buf *out, const char *left, const char *right)
{
	buf_printf(out, "| %s | %s |\n", left, right);
}

static void table(struct buf *out, const char *left, const char *right)
{
	row(out, left, right);
	row(out, "---", "---");
}

static int md_write(FILE *out, const struct report_input *input)
{
	static const struct markup markdown = { .bold = "**",
						.code = "`",
						.pipes = true,
						.heading = heading,
						.table = table,
						.row = row };
	return safety_write(out, input, &markdown);
}

const struct report_format report_md = {
	.name = "md",
	.extension = "md",
	.help = "for a package's documentation: which operations are safe, in Markdown",
	.write = md_write,
};
