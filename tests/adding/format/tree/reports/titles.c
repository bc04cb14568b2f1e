/* titles.c - the report as one line a finding. */
#include "reports/formats.h"

static int titles_write(FILE *out, const struct report_input *input)
{
	for (size_t i = 0; i < input->count; i++)
		fprintf(out, "%s\n", input->findings[i]->title);
	return report_flush(out);
}

const struct report_format report_titles = {
	.name = "titles",
	.extension = "titles.txt",
	.help = "a line a finding",
	.write = titles_write,
};
