/*
 * kinds.h - all that ftstress knows of a kind of finding: what people are told, and how findings of
 * the kind are treated.
 *
 * A kind is one file in runner/model/kinds/ and one line in ftstress/kinds.h; docs/adding.md shows
 * how. A kind leaves out the fields that it does not need: these are 0 or NULL.
 */
#ifndef RUNNER_KINDS_H
#define RUNNER_KINDS_H

#include <stdbool.h>

#include "ftstress/finding.h"
#include "runner/base/util.h"
#include "runner/model/fingerprint.h"

/* The types of suppressions that ThreadSanitizer has. */
enum rule_type {
	RULE_NONE,
	RULE_RACE,
	RULE_RACE_TOP,
	RULE_THREAD,
	RULE_MUTEX,
	RULE_DEADLOCK,
	RULE_SIGNAL,
	RULE_CALLED_FROM_LIB,
	RULE_RACE_ON,
	RULE_TYPES,
};

/* What the stack of a thread shows the reader of a finding. */
enum kind_threads {
	KIND_SITES,    /* the place of the bug: the frame of the site is marked */
	KIND_ACCESSES, /* the same, and an access to memory there: read or write, how many bytes */
	KIND_WAITS,    /* where the thread waits, or was: no frame is marked */
};

/* What a finding of the kind says, in the words of SARIF and of GitHub's annotations. */
enum finding_level {
	LEVEL_ERROR,   /* it went wrong, or what was seen is wrong in any case */
	LEVEL_WARNING, /* with other timing it will */
	LEVEL_NOTE,
};

struct finding_kind_info {
	const char *name; /* "data-race": in ids, JSON and TAP, and as type of a suppression */
	const char *one, *many; /* "data race", "data races" */
	const char *meaning;    /* one or two sentences on the kind as such */
	/* The explanation of a finding: always this text, or what `explain` writes. */
	const char *text;
	void (*explain)(struct buf *out, const struct finding *finding, const struct roots *roots);
	const char *advice; /* for the terminal, in a line: what to do next; or NULL */
	/* The title: "HEADING in f (x.c:12)", or what `title` writes. */
	const char *heading;
	void (*title)(struct buf *out, const struct finding *finding, const struct roots *roots);
	/* The id, to be freed. NULL: made of the threads' sites; without threads, of the title. */
	char *(*fingerprint)(const struct finding *finding, const struct roots *roots);
	enum kind_threads threads;
	enum finding_level level; /* of the kind as such: reports/level.h asks for more */
	enum rule_type rule; /* the type of TSan's suppressions that counts for it, beside `name` */
	/*
	 * A report of TSan is of this kind if its type begins with one of these
	 * (tsan_debugging.cpp, ReportTypeDescription()); the last is NULL.
	 */
	const char *const *reports;
	enum cell_state cell; /* --pairs: how the pair that shows it is marked; 0: CELL_OTHER */
	bool allocation;      /* its site is where the memory or the thread was made */
	bool ends_process;    /* it ends the process: that explains why no test has passed */
	bool by_locks;        /* the digits of its id are made of its locks, and not of its kind */
};

/* Each kind's own, defined in its file. */
#define KIND(upper, lower) extern const struct finding_kind_info kind_##lower;
FINDING_KIND_LIST(KIND)
#undef KIND

/* `kind` must be below FINDING_KINDS. */
const struct finding_kind_info *kind_info(enum finding_kind kind);

#endif
