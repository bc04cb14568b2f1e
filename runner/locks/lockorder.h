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
#include "runner/locks/lockgraph.h"
#include "runner/model/fingerprint.h"
#include "runner/symbols/symbolize.h"

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

struct lockname;
struct lockorder;

struct lockorder *lockorder_new(void);
void lockorder_free(struct lockorder *orders);

/* Is this a record for lockorder_take()? */
bool lockorder_wants(const struct fts_record *record);

struct lockgraph_limits lockorder_limits(const struct lockorder *orders);

/* The classes that were waited for the most, as lockprofile_most(). */
struct run_lock *lockorder_profile(const struct lockorder *orders, size_t *count);

/* The objects whose counts threads wrote in turn the most, as countprofile_most(). */
struct run_count *lockorder_counts(const struct lockorder *orders, size_t *count);

/* The records of one iteration, whole and in any order of rings; `length` bytes. */
void lockorder_take(struct lockorder *orders, const struct lockorder_host *host,
		    const void *records, size_t length);

/*
 * The id that the cycle has, or will have, as a finding, for one that is really waited in: thread i
 * of process `pid` holds the lock at addresses[i] and waits for that at addresses[i + 1], the last
 * for the first. `records` are those of the iteration, not yet taken. Sets names[0..count), to be
 * cleared, too. NULL, and no names, if the records don't tell all its orders.
 */
char *lockorder_happened(struct lockorder *orders, const struct lockorder_host *host,
			 const void *records, size_t length, uint32_t pid,
			 const uint64_t *addresses, size_t count, struct lockname *names);

#endif
