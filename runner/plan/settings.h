/*
 * settings.h - what the user asks for, as data. setup/options.h fills it in.
 */
#ifndef RUNNER_SETTINGS_H
#define RUNNER_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gil_choice { GIL_OFF, GIL_ON, GIL_MIXED };

/* The level: with which orders TSan is told of the interpreter's synchronisation
 * (docs/happens-before.md). */
enum order_level { ORDER_AS_WRITTEN, ORDER_MEANT };

/* What is noted of Python's heap. */
enum heap_choice {
	HEAP_OFF,
	HEAP_ON,
	HEAP_DEEP, /* and freed memory is kept for a while, so that all that uses it is told */
};

/* How the threads of a test run. */
enum schedule_choice {
	SCHEDULE_TURNS,       /* they take turns; in some iterations a turn ends in mid-work */
	SCHEDULE_WHOLE_TURNS, /* the same, but a turn ends only when its thread waits or ends */
	SCHEDULE_OVERLAP,     /* all at once */
	SCHEDULE_MIXED,       /* another one for each iteration: plan_trial() */
	SCHEDULE_ONE_BY_ONE,  /* one after the other; for checks only (verify.h) */
};

enum command {
	COMMAND_RUN,
	COMMAND_PREPARE,
	COMMAND_TRY,
	COMMAND_DOCTOR,
	COMMAND_CACHE, /* what follows is stress/toolchain/prepare's */
	COMMAND_SUITES,
	COMMAND_REPORT,
	COMMAND_EXPLAIN,
	COMMAND_BASELINE,
	COMMAND_LIST,
	COMMAND_SHOW,
	COMMAND_HISTORY,
	COMMAND_COMPARE,
	COMMAND_REPRO,
	COMMAND_VERIFY,
	COMMAND_MINIMISE,
	COMMAND_BISECT,
	COMMAND_HELP,
	COMMAND_VERSION,
};

/* Code that is looked at for races on Python variables, by its file. */
enum {
	PYTHON_RACES_PACKAGE = 1, /* what the suite installs, or has on its path */
	PYTHON_RACES_TESTS = 2,
	PYTHON_RACES_STDLIB = 4,
};

/* Names one iteration: run seed, iteration number, slice number. Written S.n.k. */
struct replay_token {
	uint64_t seed, iteration, slice;
	bool pairs; /* of pairs in an ordinary run, with slices of their own: S.n.pk */
	/* With --explore, where turns are passed on, as FTS_SWITCHES: S.n.k@12:2,30:1; S.n.k@seed */
	uint64_t switches;
};

/* With pairs and --share: are the package's classes in Python looked at, beside its types in C? */
enum classes_choice {
	CLASSES_AUTO, /* where it has no types in C; in pairs of an ordinary run not */
	CLASSES_ON,
	CLASSES_OFF,
};

struct settings {
	enum command command;
	bool run_word;       /* "run": the next word is the suite */
	bool update;         /* of COMMAND_BASELINE: the word */
	char *suite;         /* NULL = not given */
	char *finding;       /* of a command: the id */
	char *package;       /* of COMMAND_BISECT: "numpy==2.3.0..2.4.6" */
	char *runs[2];       /* of COMMAND_COMPARE */
	uint64_t iterations; /* 0 = no end */
	bool iterations_given, duration_given, budget_given; /* on the command line */
	unsigned threads_min, threads_max;                   /* 1..FTS_THREADS_MAX */
	double interval_min, interval_max;                   /* switch interval, seconds */
	enum gil_choice gil;
	enum order_level order;
	enum schedule_choice schedule;
	bool gate;  /* one pass over all tests, with the same result every time; GATE_* */
	bool locks; /* look for lock orders that can deadlock */
	enum heap_choice heap;
	unsigned python_races;       /* bits PYTHON_RACES_*: of which code; 0 = off */
	bool python_races_given;     /* somebody asked for them */
	unsigned python_races_every; /* after the first of each test; 0 = settings_python_every() */
	bool pairs;                  /* in place of tests: each two operations of a type; PAIRS_* */
	bool explore;                /* each iteration passes turns on elsewhere; run/explore.h */
	bool count_log;              /* log what is done to reference counts */
	bool leaks;                  /* each test several times in a process: what grows? */
	unsigned pairs_every;        /* else: one iteration in so many is of pairs; 0 = none */
	enum classes_choice python_classes;
	bool share;   /* objects that a test makes are one for all its threads */
	bool results; /* with pairs: also results that no order of the two calls explains */
	char **types; /* with pairs: only these types, by name or the end of the name */
	size_t type_count, type_capacity;
	char *tests; /* expression, NULL = all */
	/* Kinds of locks, a bit each, at which threads meet on purpose. */
	uint64_t meet_locks;
	uint64_t seed;
	bool seed_given;
	unsigned jobs;       /* 0 = half the cores; of pairs: all */
	double duration;     /* seconds, 0 = no limit */
	unsigned slice;      /* tests in an iteration; 0 = plan_slice_for() decides */
	double budget;       /* seconds for a slice */
	double timeout;      /* seconds without progress */
	uint64_t memory;     /* MiB resident; 0 = 60 % of the machine, divided by the jobs */
	char *python;        /* version or path, NULL = the suite's */
	char *output;        /* folder */
	char *formats;       /* comma-separated names */
	char **suppressions; /* files */
	size_t suppression_count, suppression_capacity;
	char **baselines; /* the same */
	size_t baseline_count, baseline_capacity;
	struct replay_token replay;
	bool replay_given;
	unsigned times; /* of COMMAND_REPRO; 0 = not given */
	bool resume, list, plan, quiet, verbose;
	bool python_debug; /* the build of `python` with CPython's own checks */
};

#define FTS_THREADS_MAX 64u
#define BUDGET_ALL (24 * 3600.0) /* seconds; in effect: no limit */

/* What --pairs implies. The number of iterations is set when the tests are known: one deck. */
#define PAIRS_SLICE 1000u  /* a pair takes milliseconds */
#define PAIRS_TIMEOUT 20.0 /* seconds; a call that takes longer waits for ever */
#define PAIRS_EVERY 4u     /* an ordinary run: this share of its iterations */

#define PYTHON_RACES_EVERY 4u /* the same of variables of Python code, if nobody asks for them */

#define EXPLORE_SECONDS 120.0 /* --explore, if no length of the run is asked for */

/* What --gate implies. The number of iterations is set when the tests are known: one deck. */
#define GATE_SEED 1u
#define GATE_THREADS 2u
#define GATE_SLICE 100u  /* so that many tests share a fork and the imports */
#define GATE_PAIRS 6000u /* the same ones every time, after the tests */
#define GATE_PAIRS_SECONDS 120.0

/*
 * Races of Python code are looked for in the first iteration of each test, and then in one of so many;
 * 0 = in none.
 */
unsigned settings_python_every(const struct settings *settings);

/* The word for it on the command line. */
const char *schedule_text(enum schedule_choice schedule);

/* "S.n.k", "S.n.k@12:2"; to be freed. */
char *replay_token_text(struct replay_token token);
/* False: the text is none. */
bool replay_token_parse(const char *text, struct replay_token *token);

#endif
