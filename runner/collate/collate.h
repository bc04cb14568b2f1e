/*
 * collate.h - records become findings.
 *
 *   records ─► tables of modules and code objects ─┐
 *           └► raw reports ─► stacks by content ───┴► symbols ─► sites ─► fingerprint ─► finding
 *                             (hashed first, so a stack seen before costs a look-up)
 *
 * Tables have two levels: what the zygote's own pid told holds for all its iterations; what other
 * pids told holds for one iteration. A report is resolved at the iteration's end, because the code
 * object it names may have been told in another ring.
 *
 * Handled here: FTS_REC_HOOK, MODULE, CODE, REPORT, NOTE, GIL_ENABLED. All other types are the
 * runner's and skipped here, so whole drained chunks can be fed as they are.
 * Not thread-safe; one collator a run, any number of zygotes side by side.
 */
#ifndef RUNNER_COLLATE_H
#define RUNNER_COLLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ftstress/finding.h"
#include "runner/records/arena.h"
#include "runner/records/iteration.h"
#include "runner/store/store.h"
#include "runner/collate/suppress.h"

struct collate_options {
	const char *symbolizer;            /* path of llvm-symbolizer, NULL = search PATH */
	const char *suite;                 /* name */
	const char *command;               /* what shows a finding again, without the token:
					    * "ftstress --suite numpy_tests"; " --replay TOKEN" is added */
	struct suppressions *suppressions; /* NULL = none; borrowed */
	struct store *store;               /* NULL = every finding is new; borrowed */
	int64_t run;                       /* this run's number in the store */
	bool as_written;                   /* the run's order: every race shows with it */
	const char *const
		*site_dirs; /* where packages are installed: prefixes cut off file names */
	size_t site_dir_count;
	const char *const *source_dirs; /* where sources lie, also those whose path in the symbols
					 * is gone; prefixes cut off file names in titles */
	size_t source_dir_count;
};

struct collate_counters {
	uint64_t records;               /* fed, of all types */
	uint64_t records_lost;          /* see collator_lost */
	uint64_t reports;               /* raw reports */
	size_t by_status[STATUS_COUNT]; /* findings */
};

struct lockname;
struct collator;

/* Loads from the store what `run` had before, if it was taken up again. Never NULL. */
struct collator *collator_open(const struct collate_options *options);
void collator_close(struct collator *collator);

/* A zygote process started (or took the place of the one with this number): empty tables. */
void collator_zygote(struct collator *collator, unsigned zygote);
/* It ended and won't be fed again: its tables are released. */
void collator_zygote_end(struct collator *collator, unsigned zygote);

/*
 * Takes whole records (`length` bytes from the first header), in the order of one ring. Between
 * iterations, records of the zygote itself are fed with `tests` NULL and `replay` NULL.
 * A record that breaks the wire format ends the call; it is counted as lost and noted.
 */
void collator_feed(struct collator *collator, const struct iteration_context *context,
		   const void *records, size_t length);
/*
 * What arena_drain() says is missing since the last call. Where it is not all bulk, the lock orders
 * of the iteration are not judged.
 */
void collator_lost(struct collator *collator, const struct iteration_context *context,
		   struct arena_lost lost);
/* What arena_limits() says. */
void collator_limits(struct collator *collator, const uint64_t counts[FTS_LIMIT_COUNT]);
/* Adds a note for all that was lost, and each limit that was met. At the end of the run. */
void collator_tell_limits(struct collator *collator);

/*
 * Symbolizes addresses of the process `pid` with the tables as they are now (before
 * collator_iteration_end), innermost first; Python positions (FTS_PC_PYTHON) may be among them.
 * first_is_exact: pcs[0] is the instruction itself (a stopped thread, a crash), not a return
 * address. `out` is overwritten; release it with stack_clear.
 */
void collator_frames(struct collator *collator, const struct iteration_context *context, pid_t pid,
		     const uint64_t *pcs, size_t count, bool first_is_exact, struct stack *out);

/*
 * Merges a ready-made finding: kind, title (NULL = made here), explanation (NULL = made here),
 * detail, subject, participants. Everything else (id unless set, status, counts, replays, tests
 * when empty, command) is filled in here. Takes what it owns and leaves it cleared. Returns the
 * merged finding, valid until collator_close.
 */
const struct finding *collator_add(struct collator *collator,
				   const struct iteration_context *context,
				   struct finding *finding);

/*
 * The id of the lock order finding that a deadlock of process `pid` is an instance of, and the
 * names of its locks: see lockorder_happened. Before collator_iteration_end.
 */
char *collator_order(struct collator *collator, const struct iteration_context *context, pid_t pid,
		     const uint64_t *addresses, size_t count, struct lockname *names);

/* Resolves the iteration's reports, then drops its tables. */
void collator_iteration_end(struct collator *collator, const struct iteration_context *context);

/*
 * What store_iteration is to be given: the findings seen since the last
 * collator_occurrences_done, one element a finding, token and test. Valid until the next call
 * that changes the collator. Call ..._done only once they are stored.
 */
const struct occurrence *collator_occurrences(const struct collator *collator, size_t *count);
void collator_occurrences_done(struct collator *collator);

/*
 * Of `runs` runs with the order as written `seen` showed the finding `id`, which the collator has.
 * Returns the finding.
 */
const struct finding *collator_as_written(struct collator *collator, const char *id, unsigned runs,
					  unsigned seen);

/* What the finding `id`, which the collator has, does to a plain interpreter, also in words. */
void collator_evidence(struct collator *collator, const char *id, enum evidence shows,
		       const char *text);

/* All findings of the run, sorted as in report_input: see finding_compare(). Valid until the
 * collator changes. */
const struct finding *const *collator_findings(struct collator *collator, size_t *count);

struct collate_counters collator_counters(const struct collator *collator);
/* Where threads waited, as lockorder_profile(). */
struct run_lock *collator_locks(const struct collator *collator, size_t *count);
/* Hooks told, one a name (live if it was live anywhere), and notes, each once. Borrowed. */
const struct run_hook *collator_hooks(const struct collator *collator, size_t *count);
const char *const *collator_notes(const struct collator *collator, size_t *count);
/* Adds a note of the caller's, unless it is there. */
void collator_note(struct collator *collator, const char *text);

#endif
