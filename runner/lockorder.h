/*
 * lockorder.h - lock orders of a run: records in, findings out.
 *
 *   FTS_REPORT_LOCK_EDGE, FTS_REC_LOCK_EVENT ──► lockgraph ──► cycle ──► finding, with names
 *
 * Not thread-safe.
 */
#ifndef RUNNER_LOCKORDER_H
#define RUNNER_LOCKORDER_H

#include "ftstress/finding.h"
#include "ftstress/record.h"
#include "runner/fingerprint.h"
#include "runner/symbolize.h"

/* What the records of one iteration mean; functions of the collator. */
struct lockorder_host {
	void *context;
	uint32_t (*intern)(void *context, uint32_t pid, const uint64_t *pcs, size_t count);
	position (*where)(void *context, uint32_t pid, uint64_t address);
	/* `out` is overwritten */
	void (*frames)(void *context, uint32_t stack, struct stack *out);
	char *(*variable)(void *context, position where, uint64_t *offset);
	/* takes what the finding owns; `test` is the index of a record, or FTS_NO_TEST */
	void (*found)(void *context, struct finding *finding, uint32_t test);
	uint32_t zygote_pid;        /* its own orders are those of one thread */
	struct roots roots, places; /* as in struct collator */
};

struct lockorder;

struct lockorder *lockorder_new(void);
void lockorder_free(struct lockorder *orders);

/* Is this a record for lockorder_take()? */
bool lockorder_wants(const struct fts_record *record);

/* For people: the kind of a lock (enum fts_lock_kind), and the innermost line of a stack that a
 * person wrote, "x.py:10"; the latter to be freed. */
const char *lockorder_kind(uint32_t kind);
char *lockorder_line(const struct stack *stack, const struct roots *roots);

/* The records of one iteration, whole and in any order of rings; `length` bytes. */
void lockorder_take(struct lockorder *orders, const struct lockorder_host *host,
		    const void *records, size_t length);

#endif
