/* formats.h - what the writers share: one line a format, and how an output ends. */
#ifndef REPORTS_FORMATS_H
#define REPORTS_FORMATS_H

#include "reports/report.h"

extern const struct report_format report_html, report_json, report_tap;

/* Flush `out`; 0, or the errno of the first failure since the file was opened (EIO if unknown). */
int report_flush(FILE *out);

#endif
