/* json.h - the report as JSON, for the writers that carry it. */
#ifndef REPORTS_JSON_H
#define REPORTS_JSON_H

#include <jansson.h>

#include "ftstress/finding.h"

/*
 * Hand the whole report to `sink` in pieces, as one JSON object with a finding a line. Sources are
 * read meanwhile. Returns 0, or -1 as soon as the sink does not return 0.
 */
int report_json_dump(const struct report_input *input, json_dump_callback_t sink, void *data);

#endif
