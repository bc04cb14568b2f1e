/* formats.c - the report formats, as formats.h lists them. */
#include "reports/formats.h"

#include <errno.h>
#include <string.h>

const struct report_format *const report_formats[] = {
#define ENTRY(name) &report_##name,
	REPORT_FORMATS(ENTRY) NULL,
#undef ENTRY
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
	if (!ferror(out)) {
		errno = 0;
		if (fflush(out) == 0)
			return 0;
	}
	return errno ? errno : EIO;
}
