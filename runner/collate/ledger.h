/*
 * ledger.h - the findings of a run: each once, with its best example, its status, its counts.
 *
 *     an example ─► ledger_find ─┬─► ledger_add      a finding that begins; the store may know it
 *                                ├─► ledger_replace  a better example of one that is there
 *                                └─► (nothing)       the example that is there is as good
 *                   then ledger_judge: new, known, upstream or suppressed
 *                   then ledger_seen:  counted, for its iteration and test
 *
 * What was seen since it was stored last is kept by finding, token and test. Not thread-safe.
 */
#ifndef RUNNER_LEDGER_H
#define RUNNER_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ftstress/finding.h"
#include "runner/collate/collate.h"

struct entry {
	struct finding finding;
	uint32_t score; /* of the example kept */
	size_t rule;    /* suppression, SUPPRESS_NONE = none */
	bool judged;    /* rule and status stand */
	bool example;   /* participants are from this run, not from the store */
	size_t number;  /* in the ledger, see ledger_entry */
};

struct ledger;

/* Of the options: store, run, suppressions, command, as_written. Loads what the run had before. */
struct ledger *ledger_open(const struct collate_options *options);
void ledger_close(struct ledger *ledger);

/* NULL = there is none. Entries stay where they are until ledger_close. */
struct entry *ledger_find(const struct ledger *ledger, const char *id);
struct entry *ledger_entry(const struct ledger *ledger, size_t number);
/* Takes what `finding`, whose id is new, owns; leaves it cleared. */
struct entry *ledger_add(struct ledger *ledger, struct finding *finding);
/* Moves the example (what a person looks at) from `finding` into the entry's, and drops the old. */
void ledger_replace(struct entry *entry, struct finding *finding);
/* `rule` matched the example, or SUPPRESS_NONE. An entry is suppressed as long as a rule matched
 * every example of it. */
void ledger_judge(struct ledger *ledger, struct entry *entry, size_t rule);
/* The finding was seen: counts, token, test (or NULL), time. */
void ledger_seen(struct ledger *ledger, const struct iteration_context *context,
		 struct entry *entry, const char *test);

/* As collator_occurrences and collator_findings. */
const struct occurrence *ledger_occurrences(struct ledger *ledger, size_t *count);
void ledger_occurrences_done(struct ledger *ledger);
const struct finding *const *ledger_findings(struct ledger *ledger, size_t *count);
/* Adds the number of findings of each status. */
void ledger_count(const struct ledger *ledger, size_t by_status[STATUS_COUNT]);

/* The id of test `index` of the slice, or NULL. */
const char *iteration_test(const struct iteration_context *context, uint32_t index);
/* Names a test of a finding, unless it is named or there are enough. */
void finding_add_test(struct finding *finding, const char *test);

/* For qsort of pointers to findings: by status and kind; memory freed in use first, what follows
 * from another finding (follow.h) last; then by count in the run and id. */
int finding_compare(const void *left, const void *right);

#endif
