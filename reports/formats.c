/* formats.c - the list of report formats: a new one is its file and a line here. */
#include "reports/formats.h"

#include <errno.h>
#include <string.h>

const struct report_format *const report_formats[] = {
	&report_html,
	&report_json,
	&report_tap,
	NULL,
};

const struct report_format *report_find(const char *name)
{
	for (size_t i = 0; report_formats[i]; i++) {
		if (!strcmp(report_formats[i]->name, name))
			return report_formats[i];
	}
	return NULL;
}

int report_flush(FILE *out)
{
	errno = 0;
	if (fflush(out) || ferror(out))
		return errno ? errno : EIO;
	return 0;
}
