/*
 * store_json.h - findings and run facts as the JSON text in which the store keeps them.
 *
 * Only the store reads it again; what a report shows is written by reports/.
 */
#ifndef RUNNER_STORE_JSON_H
#define RUNNER_STORE_JSON_H

#include <stdbool.h>

#include "ftstress/finding.h"

/* The example: explanation, detail, graph, GIL modes, subject, participants. To be freed. */
char *finding_to_json(const struct finding *finding);
/* Fills these members in; false if the text is none of ours. */
bool finding_from_json(const char *text, struct finding *finding);

char *run_info_to_json(const struct run_info *info);
bool run_info_from_json(const char *text, struct run_info *info);

#endif
