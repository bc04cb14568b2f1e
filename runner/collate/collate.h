/*
 * collate.h - the collator makes findings of records.
 *
 *   records ─► tables of modules and code objects ─┐
 *           └► raw reports ─► stacks by content ───┴► symbols ─► sites ─► fingerprint ─► finding
 *                             (A stack that was seen before costs one look-up of its hash.)
 *
 * The tables have two levels. What the zygote itself has emitted holds for all of its iterations;
 * what other processes have emitted holds for one iteration. A report waits until the iteration's
 * end, because the record of a code object that it names may come later, in another ring.
 *
 * Records of types that are not the collator's are skipped. So it can be fed all that comes out of
 * the rings. Not thread-safe. A run has one collator, for any number of zygotes side by side.
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
#include "runner/collate/baseline.h"
#include "runner/collate/policy.h"
#include "runner/collate/suppress.h"

struct collate_options {
	const char *symbolizer;            /* path of llvm-symbolizer, NULL = search PATH */
	const char *suite;                 /* name */
	const char *command;               /* shows a finding again when " --replay TOKEN" is added:
					    * "ftstress --suite numpy_tests" */
	struct suppressions *suppressions; /* NULL = none */
	const struct policy *policy;       /* NULL = none */
	struct baseline *baseline;         /* NULL = none */
	struct store *store;               /* NULL = every finding is new */
	int64_t run;                       /* this run's number in the store */
	bool as_written;                   /* the run's level is as-written: so is every race's */
	findings_settle *settle;           /* NULL = each finding has the status of its own */
	const char *const *site_dirs;      /* where packages are installed; cut off file names */
	size_t site_dir_count;
	const char *const
		*source_dirs; /* where sources lie, also those that are not where the symbols
					 * say; cut off file names in titles */
	size_t source_dir_count;
};

struct collate_counters {
	uint64_t records;               /* of all types */
	uint64_t records_lost;          /* see collator_lost() */
	uint64_t reports;               /* raw reports */
	size_t by_status[STATUS_COUNT]; /* findings */
};

struct lockname;
struct collator;

/* If the run is resumed, its findings are loaded from the store. Never NULL. */
struct collator *collator_open(const struct collate_options *options);
void collator_close(struct collator *collator);

/* A zygote with this number has started. It begins with empty tables. */
void collator_zygote(struct collator *collator, unsigned zygote);
/* The zygote has ended. Its tables are freed. */
void collator_zygote_end(struct collator *collator, unsigned zygote);

/*
 * Takes whole records of one ring, in order, `length` bytes in all. For records of the zygote
 * itself, between iterations, `tests` and `replay` of the context are NULL. A record that breaks
 * the wire format ends the call; it counts as lost, and a note says so.
 */
void collator_feed(struct collator *collator, const struct iteration_context *context,
		   const void *records, size_t length);
/*
 * arena_drain() says that so many records are missing. If control records may be among them, the
 * lock orders of the iteration are not judged.
 */
void collator_lost(struct collator *collator, const struct iteration_context *context,
		   struct arena_lost lost);
/* arena_limits() says how often each limit was met. */
void collator_limits(struct collator *collator, const uint64_t counts[FTS_LIMIT_COUNT]);
/* At the end of the run: adds notes on what was lost, and on each limit that was met. */
void collator_tell_limits(struct collator *collator);

/*
 * Symbolizes addresses of process `pid`, innermost first; Python positions (FTS_PC_PYTHON) may be
 * among them. Has to come before collator_iteration_end(), which drops the tables. first_is_exact:
 * pcs[0] is the instruction itself (of a stopped thread, or a crash), and not a return address.
 * `out` is overwritten.
 */
void collator_frames(struct collator *collator, const struct iteration_context *context, pid_t pid,
		     const uint64_t *pcs, size_t count, bool first_is_exact, struct stack *out);

/*
 * Adds a finding that somebody else has made: its kind, detail, subject and participants. Title,
 * explanation, id and tests are made here if they are missing; status, counts, replays and command
 * always are. If there is a finding with the same id, the two are merged. `finding` is left empty.
 * Returns the finding, valid until collator_close().
 */
const struct finding *collator_add(struct collator *collator,
				   const struct iteration_context *context,
				   struct finding *finding);

/*
 * The id of the lock-order finding of which a deadlock of process `pid` is an instance, and the
 * names of its locks: see lockorder_happened(). Has to come before collator_iteration_end().
 */
char *collator_order(struct collator *collator, const struct iteration_context *context, pid_t pid,
		     const uint64_t *addresses, size_t count, struct lockname *names);

/* Memory on which a process reported a race, in this iteration. */
struct race_place {
	unsigned zygote;
	uint32_t pid;
	uint64_t start, size; /* of the object, of its data, of the block; or of the access */
	char *type;           /* of the object, or of the one whose data it is; NULL = not known */
	bool data;            /* it is the object's data */
	uint64_t nanoseconds; /* when it was reported first */
	const struct finding *finding;
};

/*
 * The places of all races that the zygote's iteration has reported; resolves its reports first, so
 * all its records have to be here. Valid until the next call of any function.
 */
const struct race_place *collator_races(struct collator *collator,
					const struct iteration_context *context, size_t *count);

/* Resolves the iteration's reports, then drops its tables. */
void collator_iteration_end(struct collator *collator, const struct iteration_context *context);

/*
 * What has to be stored: the findings seen since the last collator_occurrences_done(), one element
 * for each finding, token and test. Valid until the collator changes. When they are stored,
 * collator_occurrences_done() has to follow.
 */
const struct occurrence *collator_occurrences(const struct collator *collator, size_t *count);
void collator_occurrences_done(struct collator *collator);

/*
 * Notes that finding `id`, which the collator has, was tried in `runs` more runs with the level
 * as-written, and seen in `seen` of these. Returns the finding.
 */
const struct finding *collator_as_written(struct collator *collator, const char *id, unsigned runs,
					  unsigned seen);

/* Notes what finding `id`, which the collator has, does to a plain interpreter, also in words. */
void collator_evidence(struct collator *collator, const char *id, enum evidence shows,
		       const char *text);

/* Notes the script that shows finding `id`, which the collator has, or why there is none. Returns the
 * finding. */
const struct finding *collator_script(struct collator *collator, const char *id, const char *path,
				      const char *why);

/* All findings of the run, sorted (finding_compare()). Valid until the collator changes. */
const struct finding *const *collator_findings(struct collator *collator, size_t *count);

struct collate_counters collator_counters(const struct collator *collator);
/* What was seen of the order of locks is forgotten: a cycle is told once, and now again. */
void collator_forget_orders(struct collator *collator);
/* Counts that threads wrote in turn: lockorder_counts(). */
struct run_count *collator_counts(const struct collator *collator, size_t *count);

/* Where threads waited: lockorder_profile(). */
struct run_lock *collator_locks(const struct collator *collator, size_t *count);
/* The hooks, one for each name (live if it was live in any process), and the notes, each once. Both
 * are the collator's. */
const struct run_hook *collator_hooks(const struct collator *collator, size_t *count);
const char *const *collator_notes(const struct collator *collator, size_t *count);
/* Adds a note, unless there is the same one. */
void collator_note(struct collator *collator, const char *text);

#endif
