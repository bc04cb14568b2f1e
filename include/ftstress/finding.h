/*
 * finding.h - a finding: records that are the same bug, ready to be told to a person.
 *
 * Built by runner/collate/collate.c, kept by runner/store/store.c, written by reports/. Plain data: strings are
 * owned by the structure that points to them, NULL where a thing is not known. Not thread-safe.
 */
#ifndef FTSTRESS_FINDING_H
#define FTSTRESS_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ftstress/kinds.h"

enum finding_kind {
#define KIND(upper, lower) FINDING_##upper,
	FINDING_KIND_LIST(KIND)
#undef KIND
		FINDING_KINDS,
};

enum finding_status {
	STATUS_NEW,        /* not seen in an earlier run of this suite */
	STATUS_KNOWN,      /* seen in an earlier run */
	STATUS_DOCUMENTED, /* a policy says that the type is not to be shared so */
	STATUS_UPSTREAM,   /* matches CPython's own list of known races */
	STATUS_SUPPRESSED, /* matches a suppression of the user's */
	STATUS_COUNT,
};

enum frame_language {
	FRAME_PYTHON,
	FRAME_CYTHON,
	FRAME_C,
	FRAME_CXX,
	FRAME_UNKNOWN, /* no symbol: module and offset only */
	FRAME_RUST,    /* stores have the numbers: a new one comes last */
	FRAME_LANGUAGES,
};

/* In the order in which it is read, not in the one that saves bytes. */
struct frame { /* NOLINT(clang-analyzer-optin.performance.Padding) */
	enum frame_language language;
	char *function; /* never NULL; "module+0x12ab" without a symbol */
	char *file;     /* path as the compiler or the code object has it, or NULL */
	int line;       /* 1.., 0 = not known */
	char *module;   /* base name of the shared object, NULL for Python */
	bool plumbing;  /* interpreter or runtime internals, and helpers: folded in the page */
	bool is_inline; /* inlined into the next frame */
	bool near_line; /* the compiler merged the code of several lines: it is one near by */
};

struct stack {
	struct frame *frames; /* innermost first */
	size_t count;
};

struct held_lock {
	char *name;           /* "critical section of a dict"; one that TSan numbers: "M12" */
	uint64_t address;     /* 0 where the name alone is to be told */
	bool numbered;        /* the name is TSan's number for it: it has no other. Not stored */
	bool unknown;         /* one lock or more, which ones is not known. Not stored */
	bool shared;          /* held as a reader does; known of locks with an address */
	struct stack created; /* where the lock was made or taken; may be empty */
};

/* What one of the threads involved did; in the order in which it is read. */
struct participant {        /* NOLINT(clang-analyzer-optin.performance.Padding) */
	char *role;         /* for people: "write of 8 bytes", "waits for lock A" */
	char *thread;       /* "Thread T3" */
	int tid;            /* of a stopped process: the kernel's id; else 0. Not stored */
	bool write, atomic; /* meaning only for races */
	bool frees;         /* it is the end of the memory, which is told as a write */
	bool computes;      /* of a livelock: it goes round. For the id, not stored */
	bool late;          /* by then the memory was freed. For the text, not stored */
	/* The operation of a type in C that it was in, "append" of "array.array"; or NULL. The role
	 * has them, too. */
	char *type, *operation;
	/* Of a race in Python code: the function that writes what this one has read, or has read what this
	 * one writes, if it is another one; or NULL. For the text, not stored. */
	char *partner;
	uint64_t address, size; /* 0 where it has no meaning */
	struct stack stack;
	struct stack created; /* where the thread was started; may be empty */
	struct held_lock *locks;
	size_t lock_count;
	bool all_locks; /* of a race: locks of all kinds are among them. For the text, not stored */
};

/* What memory a finding is about. */
enum subject_kind {
	SUBJECT_UNKNOWN,
	SUBJECT_OBJECT, /* a Python object */
	SUBJECT_BUFFER, /* what an object's buffer holds, a bytearray's or an array's. It is for those
			 * who share the buffer to keep apart; a package that is given it need not */
	SUBJECT_BLOCK, /* of Python's allocator, of no object that is known */
	SUBJECT_HEAP,  /* of malloc() */
	SUBJECT_GLOBAL,
	SUBJECT_STACK,
	SUBJECT_KINDS,
};

/* Is it in Python's heap? Where such memory was made is told, but is no part of what happened. */
static inline bool subject_is_python(enum subject_kind kind)
{
	return kind == SUBJECT_OBJECT || kind == SUBJECT_BUFFER || kind == SUBJECT_BLOCK;
}

/* What the memory or the object is. */
struct subject {
	enum subject_kind kind;
	/* "itertools.cycle", the object's or of the one with the buffer; a global variable's name */
	char *type;
	uint64_t offset, size;  /* of the first byte touched, in it; 0 where they have no meaning */
	char *member;           /* of an object: the field's name in C; NULL = not known */
	char *description;      /* one line, of these, for people: nothing is read out of it */
	char *global;           /* name of the global variable that a data race is known by (see
				 * runner/model/fingerprint.h); NULL = none. For the title, not stored */
	struct stack allocated; /* may be empty */
};

/* How grave a data race is, the gravest first; runner/collate/rank.h says what each stands for. */
enum finding_rank {
	RANK_NONE, /* no data race, or not looked at */
	RANK_FREED,
	RANK_STRUCTURE,
	RANK_FIELD,
	RANK_ATOMIC,
	RANK_DATA,
	RANK_INIT,
	RANK_UNPUBLISHED,
	RANKS,
};

/*
 * What a race was seen to do to a plain interpreter, the gravest last; and that what one of Python code
 * threatens was seen, in the run itself. The store has the numbers.
 */
enum evidence {
	EVIDENCE_NONE, /* nothing, or it was not tried */
	EVIDENCE_RAISES,
	EVIDENCE_HANGS,
	EVIDENCE_CRASHES,
	EVIDENCE_LOSES,
	EVIDENCE_EQUAL, /* that nothing is lost: both sides store an equal value */
};

struct finding {
	char *id; /* fingerprint: kind, '-', 12 hex digits; stable between runs and machines */
	enum finding_kind kind;
	enum finding_status status;
	char *title;       /* one line, without addresses */
	char *explanation; /* a short paragraph for somebody who never used TSan; may be NULL */
	char *detail;  /* long text: a test's traceback, a crash's registers, output's tail; or NULL
		       */
	char *said;    /* what the program itself said of it, in one line: a test's exception and
		       * where it was raised, the last line of output; or NULL */
	char *because; /* of a crash what is known of its cause, in one sentence; or NULL */
	char *cause;   /* of a crash the id of the race before it on the same memory; or NULL */
	char *message; /* what the process printed before it aborted (runner/model/abort.h), or
			* NULL. For the fingerprint and the title, not stored */
	/* Of a crash the signal, "SIGSEGV", and of a test failure the exception's type,
	 * "ValueError", else NULL: what the fingerprint is made of. Not stored */
	char *signal, *exception;
	/* Of a race in Python code: "lost-update" or "check-then-act", and what the variable is
	 * called, "Counter.value"; of a borrowed reference: "PyDict_GetItem", and "dict"; of a
	 * leak: how many more there are with each round; or "reference-growth", and a type's name; "plain": of a count that is written to with
	 * no atomic operation. For the title, not stored */
	char *pattern, *variable;
	char *rules; /* of a race: what CPython asks of those who call its C API so; or NULL. Not stored */
	char *graph;                   /* Graphviz source, for lock orders; or NULL */
	uint64_t count;                /* how often, in all runs of the store */
	uint64_t run_count;            /* how often in this run */
	int64_t first_seen, last_seen; /* Unix seconds */
	char **replays; /* up to FINDING_REPLAYS tokens for --replay, this run's first */
	size_t replay_count;
	char **tests; /* up to FINDING_TESTS ids of tests that were running */
	size_t test_count;
	char *command;        /* shows it again */
	char *follows;        /* id of the finding of the run that it only follows from
			* (runner/collate/follow.h), or NULL. Not stored */
	bool caused_crash;    /* a crash of the run follows from it. Not stored */
	char *suppressed_by;  /* the rule, also a policy's; or NULL */
	bool gil_off, gil_on; /* in which GIL modes it was seen */
	/* Runs of its test with the order as written (docs/happens-before.md), and how many of them
	 * showed it, too; runs 0: not tried. */
	unsigned as_written_runs, as_written_seen;
	enum evidence shows; /* what it does to a plain interpreter, see evidence.h */
	char *evidence;      /* ... in words; NULL = not tried */
	/* Of EVIDENCE_LOSES: the steps of both threads (runner/model/interleaving.h), or NULL. */
	char *interleaving;
	char *script;    /* path of one that shows it with Python and the package alone, or NULL */
	char *no_script; /* why there is none, or NULL */
	enum finding_rank rank; /* not stored */
	struct subject subject;
	struct participant *participants;
	size_t participant_count;
};

/* Did two threads use the same memory, with nothing that orders them? To free it is one way to use it. */
static inline bool finding_is_race(const struct finding *finding)
{
	return finding->kind == FINDING_DATA_RACE || finding->kind == FINDING_USE_AFTER_FREE;
}

/* Was memory given back that must not be given back so? */
static inline bool finding_is_misuse(const struct finding *finding)
{
	return finding->kind == FINDING_DOUBLE_FREE || finding->kind == FINDING_BAD_FREE;
}

/* Of a wrong count: are too few references counted, and is no call known that is to blame? */
static inline bool finding_is_low_count(const struct finding *finding)
{
	return finding->kind == FINDING_REFERENCE_COUNT && finding->pattern &&
	       (!strcmp(finding->pattern, "held") || !strcmp(finding->pattern, "falls"));
}

/* Is it of one piece of memory, with which something was wrong? A crash on that memory comes of it. */
static inline bool finding_is_of_memory(const struct finding *finding)
{
	return finding_is_race(finding) || finding_is_misuse(finding) ||
	       finding->kind == FINDING_REFERENCE_COUNT;
}

/* Did a test not come to its end? */
static inline bool finding_is_endless(const struct finding *finding)
{
	return finding->kind == FINDING_DEADLOCK || finding->kind == FINDING_HANG ||
	       finding->kind == FINDING_LIVELOCK;
}

/* Did one thread alone, with both calls of a pair, crash or stand still, too? Then no lock helps. */
static inline bool finding_is_alone(const struct finding *finding)
{
	return (finding->kind == FINDING_CRASH || finding_is_endless(finding)) && finding->evidence;
}

#define FINDING_REPLAYS 10
#define FINDING_TESTS 10

/* "data-race", ...; static strings. */
const char *finding_kind_name(enum finding_kind kind);
const char *finding_status_name(enum finding_status status);
const char *subject_kind_name(enum subject_kind kind);
const char *frame_language_name(enum frame_language language);
/* "structure", and a sentence on it; of RANK_NONE "". */
const char *finding_rank_name(enum finding_rank rank);
const char *finding_rank_meaning(enum finding_rank rank);
/* The inverse; -1 for a name that is none. */
int finding_kind_parse(const char *name);
/* Gives findings of a run, which only come of another one, that one's status (reports/settle.h). */
typedef void findings_settle(struct finding *const *findings, size_t count);

/* SUBJECT_UNKNOWN for a name that is none, or NULL. */
enum subject_kind subject_kind_parse(const char *name);

/* Release everything that the structure owns, not the structure itself. */
void finding_clear(struct finding *finding);
void stack_clear(struct stack *stack);
/* Lets go of all frames but the innermost `count`, of which there are that many. */
void stack_cut(struct stack *stack, size_t count);

/* Facts about the run, for the reports. */
struct run_hook {
	char *name;
	bool live; /* in every process of the run */
	bool off;  /* the run was asked to leave it off */
	char *why; /* why it is not live, or NULL */
};

struct run_rule {
	char *rule;    /* "race:foo" */
	char *file;    /* where it stands, with the line: "path:12" */
	uint64_t used; /* 0 = unused: told to the user */
};

/* A class of locks that threads waited for; times in seconds. */
struct run_lock {
	char *name;       /* "threading.Lock _lock of x.py:10" */
	const char *kind; /* "threading.Lock"; a static string */
	uint64_t waits;
	double waited, longest_wait, longest_hold;
	char *where; /* the line of the longest wait, "x.py:12" */
};

/* Objects of one place whose reference count several threads wrote. */
struct run_count {
	char *type;
	char *made;  /* the line that makes them, "x.py:10"; or a variable of C; NULL = not known */
	char *where; /* a line that counts, "x.py:12" */
	uint64_t changes;     /* about */
	uint64_t handed_over; /* of these, by another thread than the one before */
	uint64_t threads;     /* the most at a time */
	double seconds;       /* that the tests took in which it was changed so; 0 = not known */
};
void run_count_clear(struct run_count *count);
/* Changes in each of these seconds; 0 = not known. */
double run_count_rate(const struct run_count *count);
/* "per thread: ...", "deferred: ..." or "immortal: ...": what makes it faster. A static string. */
const char *run_count_remedy(const struct run_count *count);

/* A test that took long. */
struct run_slow {
	char *test;
	double seconds; /* once, at the longest; until it was ended, if it was */
};

/* What is known of a pair of operations, the better first. */
enum cell_state {
	CELL_NOT_RUN,
	CELL_NOT_EXERCISED, /* one of the calls did not work, alone */
	CELL_APART, /* the calls touch nothing in common that one of them changes: not made */
	CELL_CLEAN,
	CELL_ORDERED, /* clean, but a lock ordered the calls that has nothing to do with the object */
	CELL_OTHER,   /* a finding of another kind */
	CELL_RACE,
	CELL_DEADLOCK, /* or a lock order that can be one, or a hang */
	CELL_CRASH,
	CELL_STATES,
};
#define CELL_LETTERS " ?-.~orDC"

/* Of a run with --pairs: every two operations of a type. */
struct run_type {
	char *name;
	char **bases; /* the package's types that it is made out of, the nearest first */
	size_t base_count;
	char **operations;
	size_t operation_count;
	char **uncalled; /* methods that take none of the arguments that were tried */
	size_t uncalled_count;
	char *states; /* operation_count rows of as many CELL_LETTERS, symmetric */
	uint64_t by_state[CELL_STATES]; /* pairs, each counted once */
	struct run_cell {
		unsigned a, b; /* operations */
		char *finding; /* id of the worst */
	} *cells;
	size_t cell_count;
	struct run_order {
		unsigned a, b; /* operations of a CELL_ORDERED */
		char *by;      /* "the lock of all types" */
	} *orders;
	size_t order_count;
};

/* C functions of the packages, by the most that is known of one. */
enum cover_kind {
	COVER_OBJECT,     /* ran in two threads on one object: in both calls of a pair */
	COVER_THREADS,    /* in two threads of a test, each with objects of its own */
	COVER_ONE_THREAD, /* at a time */
	COVER_NEVER,
	COVER_KINDS,
};

/* What of the package under test two threads used together. */
struct run_covered {
	char *package;                   /* or packages; NULL = the suite has none of its own */
	uint64_t functions[COVER_KINDS]; /* all 0: they are not instrumented for it */
	/* Types, and how many of them had two threads on one object; those that nothing made. */
	uint64_t types, types_met, types_not_made;
	uint64_t operations, operations_met; /* of the types that were met */
	uint64_t uncalled; /* of these operations: methods that take no arguments that are known */
	uint64_t shares_itself;  /* 1: the tests are scripts, which share what they want to */
	uint64_t objects_shared; /* --share: objects that more than one thread of a test had */
};

/* The pairs in an ordinary run. */
struct run_pairs {
	uint64_t iterations, run,
		total;  /* of pairs; how many pairs came back, and how many there are */
	double seconds; /* from the first to the last */
};

/* How an iteration of the run's plan ran. */
struct run_draw {
	unsigned threads;
	double interval; /* seconds between switches of threads with the GIL */
	bool gil;
	char schedule[12]; /* "turns", "whole-turns", "overlap" */
};

struct run_info {
	char *suite, *suite_file, *version; /* ftstress's version */
	char *python, *python_version;
	char *seed;             /* 16 hex digits */
	char *command;          /* the command line */
	int64_t started, ended; /* Unix seconds */
	double seconds;
	uint64_t iterations_planned, iterations_done, iterations_gil_on;
	uint64_t tests_run, tests_distinct, tests_total, tests_thread_unsafe, tests_skipped;
	/* Of tests_distinct: run by two threads or more at all, while these took turns, while they
	 * overlapped. */
	uint64_t tests_threaded, tests_turns, tests_overlap;
	uint64_t
		tests_apart; /* the same: never run, for it is known what comes of it (CELL_APART) */
	uint64_t tests_selected; /* of tests_total: what --tests and the suite's skip leave */
	uint64_t tests_tried;    /* of those: had their turn in this run or one before it */
	uint64_t threads_least, threads_most; /* of a test that more than one thread ran */
	char *alone_why; /* why tests run in one thread: the reason most often given, or NULL */
	/* Of tests_distinct: passed at least once; failed, and never passed, alone neither. */
	uint64_t tests_passed, tests_failing;
	/* The first of those that never passed: its id, "TypeError: ...", "x.py:3: code"; or NULL */
	char *failing_test, *failing_why, *failing_where;
	/* Of the files that tests are in: those that can't be imported; why the first can't, or NULL */
	uint64_t files, files_unimported;
	char *unimported_file, *unimported_why;
	uint64_t records, records_lost;
	bool interrupted;
	bool replay; /* asked for what is known already; not stored */
	int exit_code;
	struct run_hook *hooks;
	size_t hook_count;
	struct run_rule *rules;
	size_t rule_count;
	struct run_lock *locks; /* most waiting first */
	size_t lock_count;
	struct run_count *counts; /* handed over most often first */
	size_t count_count;
	struct run_slow *slow; /* the slowest first */
	size_t slow_count;
	struct run_type *types;
	size_t type_count;
	struct run_pairs pairs;
	struct run_covered covered;
	struct run_draw *draws; /* of the first iterations, by their number */
	size_t draw_count;
	char **untried; /* tests that had no turn yet, in this run and those before: the first ones */
	size_t untried_count;
	char **notes; /* "12 tests fail without threads: ...", one line each */
	size_t note_count;
	/* pairs "option", "value", in the order to be shown: threads, switch interval, gil, ... */
	char **settings;
	size_t setting_count; /* pairs */
};

/* How often ordinary runs of its tests showed a finding, in all runs with these settings; if it came back, since
 * then. */
struct finding_rate {
	uint64_t seen, turns; /* of its tests; 0: they were not counted */
	double low, high;     /* what of all turns lies behind that, at 95 % */
	bool back;            /* it counted as fixed, and came back in this run */
	uint32_t *iterations; /* of the run's plan, that showed it: the first ones, sorted */
	size_t iteration_count;
};

/* An entry of earlier runs that counts as fixed by now. */
struct report_fixed {
	char *id, *title;
	enum finding_kind kind;
	size_t findings;
	int64_t last_seen;
	char *why; /* "It is fixed, at 95 %: it came in 3 of 30 turns of its tests up to run 4, ..." */
};

/* A test that ran, and how many turns it had. */
struct report_turns {
	char *test;
	uint64_t turns;
};

struct report_input {
	const struct run_info *run;
	const struct finding *const *findings; /* sorted: new first, then by kind and weight */
	size_t count;
	const struct finding_rate *rates; /* one for each finding, or NULL */
	const struct report_fixed *fixed; /* the latest first */
	size_t fixed_count;
	const struct report_turns *tests; /* by name; none where they were not counted */
	size_t test_count;
	struct entries *
		entries; /* of these findings, for who needs them (entries_new()); NULL = not made yet */
};

#endif
