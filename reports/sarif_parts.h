/*
 * sarif_parts.h - messages, locations and flows of SARIF, for sarif.c.
 */
#ifndef REPORTS_SARIF_PARTS_H
#define REPORTS_SARIF_PARTS_H

#include <jansson.h>

#include "ftstress/finding.h"
#include "reports/text.h"

struct sarif; /* the user's files, and lines of them */

struct sarif *sarif_open(const struct run_info *run);
void sarif_close(struct sarif *sarif);

/* The repository, as "%SRCROOT%", from which the paths of its files count. */
json_t *sarif_bases(const struct sarif *sarif);

/* A text of a property: no longer than some thousand bytes. */
json_t *sarif_text(const char *text);

/* A message that shows the text: what would be a placeholder or a link in it is none. */
json_t *sarif_message(const char *text);

/* Appends where to look first (always one) and the other places that say something. */
void sarif_add_locations(struct sarif *sarif, json_t *locations, json_t *related,
			 const struct finding *finding);

/* Appends a code flow, a thread flow for each thread of which there is a stack; or nothing. */
void sarif_add_flow(struct sarif *sarif, json_t *flows, const struct finding *finding);

#endif
