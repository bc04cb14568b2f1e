/*
 * store_json.h - findings and facts of a run as JSON texts, in which the store keeps them.
 *
 * Only the store reads them. (The JSON report is written by reports/.)
 */
#ifndef RUNNER_STORE_JSON_H
#define RUNNER_STORE_JSON_H

#include <stdbool.h>

#include "ftstress/finding.h"

struct kept;

/* The members of a finding that have no column in the store: explanation, detail, graph, GIL modes,
 * subject, participants and so on. To be freed. */
char *finding_to_json(const struct finding *finding, struct kept *kept);
/* Fills these members in. False if the text was not made by finding_to_json(). Whether the stacks were stored, or
 * are there, says kept_failed(). */
bool finding_from_json(const char *text, struct finding *finding, struct kept *kept);

char *run_info_to_json(const struct run_info *info);
bool run_info_from_json(const char *text, struct run_info *info);

/* What is stored of struct finding's `shows`; a number that is none of these is EVIDENCE_NONE. */
enum evidence evidence_of(int64_t number);

#endif
