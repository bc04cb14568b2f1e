/* json_run.h - the facts of a run as JSON, and values that the findings have, too. For json.c. */
#ifndef REPORTS_JSON_RUN_H
#define REPORTS_JSON_RUN_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "ftstress/finding.h"
#include "runner/base/map.h"

/* `places`: hash of a finding's id -> its place in the report. */
json_t *json_run(const struct run_info *run, const struct map *places);

json_t *json_strings(char *const *texts, size_t count);
json_t *json_count(uint64_t value);

#endif
