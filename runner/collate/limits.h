/*
 * limits.h - what is missing in a run, and why: lost records, and limits that were met, of
 * libftstress.so and of the graph of lock orders. Each ends as a note of the run; docs/limits.md
 * lists them.
 */
#ifndef RUNNER_LIMITS_H
#define RUNNER_LIMITS_H

#include <stdint.h>

#include "ftstress/arena.h"
#include "ftstress/record.h"
#include "runner/locks/lockgraph.h"
#include "runner/records/arena.h"
#include "runner/records/iteration.h"

/* To be zeroed before the first use; limits_clear() frees it. */
struct limits {
	struct arena_lost lost;
	uint32_t types; /* of the records that LOST records name: 1 << type of each */
	char *place;    /* of the first LOST record: "iteration 7, test x" */
	uint64_t library[FTS_LIMIT_COUNT];
	uint64_t lock_bytes;     /* iterations with more lock records than are kept */
	uint64_t unknown_orders; /* iterations whose lock orders were not judged */
};

void limits_clear(struct limits *limits);

/* Takes a LOST record: where records are missing, and of which types. */
void limits_gap(struct limits *limits, const struct iteration_context *context,
		const struct fts_record *record);

/* Calls `note` with a sentence on each limit that was met. `graph`: those of the lock orders. */
void limits_tell(const struct limits *limits, const struct lockgraph_limits *graph,
		 void (*note)(void *context, const char *text), void *context);

#endif
