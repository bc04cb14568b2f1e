/*
 * limits.h - what is missing in a run, and why: lost records, and limits of the library and of the
 * graph of lock orders. All end as notes of the run; docs/limits.md lists them.
 */
#ifndef RUNNER_LIMITS_H
#define RUNNER_LIMITS_H

#include <stdint.h>

#include "ftstress/arena.h"
#include "ftstress/record.h"
#include "runner/locks/lockgraph.h"
#include "runner/records/arena.h"
#include "runner/records/iteration.h"

/* Zero-initialise; release with limits_clear(). */
struct limits {
	struct arena_lost lost;
	uint32_t types; /* of those told in the stream: 1 << type */
	char *place;    /* of the first of these: "iteration 7, test x" */
	uint64_t library[FTS_LIMIT_COUNT];
	uint64_t lock_bytes;     /* iterations with more lock records than are kept */
	uint64_t unknown_orders; /* iterations whose lock orders were not judged */
};

void limits_clear(struct limits *limits);

/* FTS_REC_LOST: where records are missing, and which. */
void limits_gap(struct limits *limits, const struct iteration_context *context,
		const struct fts_record *record);

/* Calls `note` with a sentence for each that was met; `graph`: those of the lock orders. */
void limits_tell(const struct limits *limits, const struct lockgraph_limits *graph,
		 void (*note)(void *context, const char *text), void *context);

#endif
