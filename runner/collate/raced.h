/*
 * raced.h - on which memory the processes of an iteration have raced, so that a crash there can be told
 * with the race that came before it.
 */
#ifndef RUNNER_RACED_H
#define RUNNER_RACED_H

#include "ftstress/record.h"
#include "runner/collate/collate.h"
#include "runner/records/assemble.h"

#define RACED_MOST 4096 /* places that are kept: of each the first report */

struct raced { /* zero-initialise */
	struct race_place *places;
	size_t count, capacity;
};

/* Notes where the report, which `finding` tells, says that it was. */
void raced_add(struct raced *raced, unsigned zygote, const struct fts_record *record,
	       const struct report_view *view, const struct finding *finding);
const struct race_place *raced_places(const struct raced *raced, size_t *count);
/* The zygote's iteration is over. */
void raced_forget(struct raced *raced, unsigned zygote);
void raced_free(struct raced *raced);

#endif
