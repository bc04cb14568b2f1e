/*
 * history.h - what became of a finding, by what the runs of a store did for it (model/enough.h).
 */
#ifndef RUNNER_HISTORY_H
#define RUNNER_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "runner/base/util.h"
#include "runner/store/store.h"

enum fate {
	FATE_PRESENT, /* the last run that could see it saw it */
	FATE_FIXED, /* at 95 %: as many turns without it would come once in twenty times if it were there */
	FATE_GONE,    /* not seen since, and that is not enough */
	FATE_UNKNOWN, /* how often its tests ran was not counted */
};

struct history {
	enum fate fate;
	uint64_t seen,
		before; /* in so many of so many turns of its tests, up to the last run that saw it */
	uint64_t after;      /* turns since, in runs that ran the same way */
	uint64_t needed;     /* so many would be enough */
	uint64_t iterations; /* that would about make up for what is missing; 0 = not known */
	int64_t first, last; /* runs that saw it */
	int64_t back;        /* a run that saw it again when it was fixed; 0 = none */
	int64_t since;       /* that one, or the first that saw it: from here on it was not fixed */
	int64_t counted;  /* of the runs that saw it, the last one that counted turns; 0 = none */
	int64_t verified; /* a run since that repeated what had shown it, often enough; 0 = none */
	uint64_t tries;   /* ... so often */
	uint64_t otherwise; /* runs since that ran its tests in another way: they do not count */
};

/*
 * Takes the runs from the oldest to the one with number `to` (0 = the newest). `from`: only runs from this one on
 * count as those since (0 = all).
 */
struct history history_of(const struct store_sighting *sightings, size_t count, int64_t to,
			  int64_t from);
/* The same of a finding of the store. */
int history_get(struct store *store, const char *finding, struct history *history);

/* "present", "fixed", "not seen", "not known" */
const char *fate_name(enum fate fate);
/* "It is fixed, at 95 %: it came in 3 of 30 turns of its tests up to run 4, and in none of 60 since." */
void history_add(struct buf *out, const struct history *history);

#endif
