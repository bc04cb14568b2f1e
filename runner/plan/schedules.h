/*
 * schedules.h - the ways in which the threads of one test can take turns, with at most two switches, one
 * after the other.
 *
 *     no switch          a run ends: it has n places where another thread could have gone on
 *     one switch         each of these, and each thread that could: a run of its own, which has places
 *     two switches       behind the switch, too: each of these
 *
 * A place is the end of an instruction that has read or written a variable which in this run another
 * thread uses as well, and one of the two writes (interpose/variables/explore.h). Switches elsewhere
 * change nothing. How many schedules with two switches there are, is known when those with one have
 * been run. They are handed out in an order that the seed decides, so that those that there is time for
 * are a fair part of all.
 *
 * It knows of nothing but what it is told, and starts nothing.
 */
#ifndef RUNNER_SCHEDULES_H
#define RUNNER_SCHEDULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ftstress/record.h"

enum { SCHEDULES_LEVELS = 3 }; /* no switch, one, two */

struct schedules;
struct schedules *schedules_new(uint64_t seed);
void schedules_free(struct schedules *schedules);

/* Hands one out, as FTS_SWITCHES. False: none now, see schedules_are_over(). */
bool schedules_next(struct schedules *schedules, uint64_t *switches);
/* All have been handed out, and have come back. */
bool schedules_are_over(const struct schedules *schedules);

/*
 * One that was handed out has run. `flags`: enum fts_schedule_flag; without FTS_SCHEDULE_DONE the
 * process has not told of all, as it died, say.
 */
void schedules_take(struct schedules *schedules, uint64_t switches, uint32_t flags,
		    const struct fts_touch *touches, size_t count);

struct schedules_count {
	/* By number of switches: how many there are, as far as known, and how many have run. */
	uint64_t known[SCHEDULES_LEVELS], run[SCHEDULES_LEVELS];
	uint64_t left;   /* of those that ran: the turn could not be passed on as planned */
	uint64_t dark;   /* ended before it could be told where else the turn could go */
	uint64_t places; /* without a switch */
	bool whole;      /* there are no more than are known */
};
struct schedules_count schedules_count(const struct schedules *schedules);

/*
 * "all 40 ways with at most two switches (1, 6 and 33; ...) were run": for people. To be freed.
 */
char *schedules_text(const struct schedules_count *count);

#endif
