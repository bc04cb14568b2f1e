/* tap14.c - the report as TAP 14; see tap.c. */
#include "reports/formats.h"
#include "reports/tap.h"

static int tap14_write(FILE *out, const struct report_input *input)
{
	return tap_write(out, input, 14);
}

const struct report_format report_tap14 = {
	.name = "tap14",
	.extension = "tap14",
	.help = "the same as TAP 14, for readers that want no older one",
	.write = tap14_write,
};
