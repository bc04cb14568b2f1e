/* formats.h - what the writers share: one line a format, and how an output ends. */
#ifndef REPORTS_FORMATS_H
#define REPORTS_FORMATS_H

#include "reports/report.h"

/* All of them, in the order in which --help lists them. NAME is report_NAME of a file here. */
/* clang-format off */
#define REPORT_FORMATS(format) \
	format(html) \
	format(json) \
	format(tap) \
	format(tap14) \
	format(junit) \
	format(sarif) \
	format(github) \
	format(md) \
	format(rst)
/* clang-format on */

#define FORMAT_DECLARE(name) extern const struct report_format report_##name;
REPORT_FORMATS(FORMAT_DECLARE)
#undef FORMAT_DECLARE

/* Flush `out`; 0, or why that, or a write before, failed: errno, set to 0 before the writes (EIO if unknown). */
int report_flush(FILE *out);

#endif
