/*
 * kinds.h - all that the product knows of a kind of finding: its words and how it is treated.
 *
 * A kind is one file in runner/model/kinds/ and one line in ftstress/kinds.h; docs/adding.md shows
 * how. What is left out of a kind's struct is 0: each field says what that means.
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
	RULE_TYPES,
};

/* What a thread of the finding is to its reader. */
enum kind_threads {
	KIND_SITES,    /* it came by a place in the code: that frame is marked */
	KIND_ACCESSES, /* it used memory there: read or write, and how many bytes */
	KIND_WAITS,    /* it waits or goes on: no frame of its stack is the bug's place */
};

struct finding_kind_info {
	const char *name;       /* "data-race": in ids, JSON, TAP, and a type of suppressions */
	const char *one, *many; /* "data race", "data races" */
	const char *meaning;    /* a sentence or two, for a finding that has no explanation */
	const char *text;       /* the explanation; or explain writes it */
	void (*explain)(struct buf *out, const struct finding *finding, const struct roots *roots);
	const char *heading; /* "Crash" of the title "Crash in f (x.c:12)"; or title writes it */
	void (*title)(struct buf *out, const struct finding *finding, const struct roots *roots);
	/* The id, to be freed; NULL: the sites of the threads, without any the title. */
	char *(*fingerprint)(const struct finding *finding, const struct roots *roots);
	enum kind_threads threads;
	enum rule_type rule; /* ThreadSanitizer's type that suppresses it as its own name does */
	/* How the names of ThreadSanitizer's reports begin that are this kind (tsan_debugging.cpp,
	 * ReportTypeDescription()), up to a NULL; NULL: none is. */
	const char *const *reports;
	enum cell_state cell; /* what a pair of operations is that shows it; 0: CELL_OTHER */
	bool allocation;      /* known by where the memory or the thread came from */
	bool ends_process;    /* it alone explains that no test passed */
	bool by_locks;        /* its id's digits are those of its locks, whatever the kind */
};

/* Each kind's own, defined in its file. */
#define KIND(upper, lower) extern const struct finding_kind_info kind_##lower;
FINDING_KIND_LIST(KIND)
#undef KIND

/* What is known of the kind, which must be one: below FINDING_KINDS. */
const struct finding_kind_info *kind_info(enum finding_kind kind);

#endif
