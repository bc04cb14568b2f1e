/*
 * ledger.h - the findings of a run: each once, with its status, its counts, and its best example
 * (the stacks and texts of one time that it was seen).
 *
 *     an example ─► ledger_find ─┬─► ledger_add      it is new in this run; the store may know it
 *                                ├─► ledger_replace  it is there, but this example is better
 *                                └─► (nothing)       it is there, with an example that is as good
 *                   then ledger_judge: new, known, documented, upstream or suppressed
 *                   then ledger_seen:  it is counted, for its iteration and test
 *
 * What has to be stored is kept for each finding, token and test. Not thread-safe.
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
	uint32_t score; /* how good its example is */
	unsigned fit;   /* and of what pair: matrix_fit() */
	size_t rule;    /* the suppression that matches, or SUPPRESS_NONE */
	char *meant; /* of a race in Python code: a comment at its line says that it is ("# ftstress:
		      * ok ..."), with the place; or NULL */
	bool judged;  /* rule and status are set */
	bool settled; /* the status is that of what the finding comes of */
	bool known;   /* seen in an earlier run */
	bool unsure; /* of a race in Python code: whether what was seen loses anything, is not known */
	bool example;  /* the example is of this run; false: it comes from the store */
	size_t number; /* in the ledger, for ledger_entry() */
};

struct ledger;

/* Uses store, run, suppressions, command and as_written of the options. If the run is resumed, its
 * findings are loaded. */
struct ledger *ledger_open(const struct collate_options *options);
void ledger_close(struct ledger *ledger);

/* NULL = there is none. An entry is valid until ledger_close(). */
struct entry *ledger_find(const struct ledger *ledger, const char *id);
struct entry *ledger_entry(const struct ledger *ledger, size_t number);
/* Adds a finding whose id is not in the ledger. `finding` is left empty. */
struct entry *ledger_add(struct ledger *ledger, struct finding *finding);
/* Moves the example of `finding` into the entry, in place of the one that is there. */
void ledger_replace(struct entry *entry, struct finding *finding);
/* Moves what is known of a crash's cause, if it says more than what is there. */
void ledger_take_cause(struct finding *to, struct finding *from);
/* Sets the entry's status. `rule`: which one matches the example, or SUPPRESS_NONE. An entry is
 * suppressed only as long as a rule matches each of its examples. */
void ledger_judge(struct ledger *ledger, struct entry *entry, size_t rule);
/* The same without another example: what else the policy looks at has changed. */
void ledger_judge_again(const struct ledger *ledger, struct entry *entry);
/* Notes that the finding was seen, with this test (or NULL). */
void ledger_seen(struct ledger *ledger, const struct iteration_context *context,
		 struct entry *entry, const char *test);

/* The same as collator_occurrences() and collator_findings(). */
const struct occurrence *ledger_occurrences(struct ledger *ledger, size_t *count);
void ledger_occurrences_done(struct ledger *ledger);
const struct finding *const *ledger_findings(struct ledger *ledger, size_t *count);
/* Adds the number of findings of each status. */
void ledger_count(const struct ledger *ledger, size_t by_status[STATUS_COUNT]);

/* The id of test `index` of the slice, or NULL. */
const char *iteration_test(const struct iteration_context *context, uint32_t index);
/* Adds a test to a finding. False: it is there already, or there are FINDING_TESTS. */
bool finding_add_test(struct finding *finding, const char *test);

/*
 * For qsort() of pointers to findings: by status; by kind; what follows from another finding
 * (follow.h) last; by what it was seen to do, the worst first; by rank (rank.h); by count in the run;
 * by id.
 */
int finding_compare(const void *left, const void *right);
/* Finds what follows from what, the ranks, and what has another one's status (settle may be NULL); then sorts. */
void findings_sort(struct finding **findings, size_t count, findings_settle *settle);

#endif
