/* tap.h - the report as TAP of a version, for tap.c and tap14.c. */
#ifndef REPORTS_TAP_H
#define REPORTS_TAP_H

#include <stdio.h>

#include "ftstress/finding.h"

/* As `write` of struct report_format. */
int tap_write(FILE *out, const struct report_input *input, int version);

#endif
