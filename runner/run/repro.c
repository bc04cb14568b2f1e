/* repro.c - `ftstress repro ID`: what has shown a finding is repeated; how often does it come? */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"
#include "runner/model/kinds.h"
#include "runner/model/rate.h"
#include "runner/run/again.h"
#include "runner/run/run.h"
#include "runner/setup/command.h"

#define TIMES 20u
#define IN_A_ROW 5u /* seen so often without a miss, no more is learned */
#define PURPOSE 10u /* so often a lock order's threads are made to meet, until they deadlock */

struct repro {
	struct again again;
	uint64_t times, tries, seen;
	bool asked; /* for so many times */
	struct hunt_result last_seen;
	/* Of a lock order. */
	bool on_purpose; /* the present try */
	uint64_t purpose_tries;
	bool deadlocked;
};

/*
 * Threads wait at the first lock until another one is at its own (interpose/locks/locks_meet.c). That takes threads
 * that overlap.
 */
static bool next_on_purpose(struct repro *repro, struct hunt_try *next)
{
	repro->on_purpose = repro->again.target.kind == FINDING_LOCK_ORDER && repro->seen &&
			    !repro->deadlocked && repro->purpose_tries < PURPOSE &&
			    ways_next(&repro->again.ways, next);
	next->overlap = true;
	return repro->on_purpose;
}

static bool next_try(void *context, struct hunt_try *next)
{
	struct repro *repro = context;
	/* A module that switches the GIL on does so once in a process. */
	bool once = repro->again.target.kind == FINDING_GIL_ENABLED && repro->seen;
	if (repro->tries >= repro->times || once ||
	    (!repro->asked && repro->seen >= IN_A_ROW && repro->seen == repro->tries))
		return next_on_purpose(repro, next);
	return ways_next(&repro->again.ways, next);
}

static void took_try(void *context, const struct hunt_result *result)
{
	struct repro *repro = context;
	repro->deadlocked = repro->deadlocked || result->deadlock;
	if (repro->on_purpose) {
		repro->purpose_tries++;
		return;
	}
	ways_took(&repro->again.ways, result);
	repro->tries += result->ran;
	repro->seen += result->seen;
	if (result->seen)
		repro->last_seen = *result;
	again_tell_try(&repro->again, repro->tries, result);
}

static const struct hunt_strategy strategy = { next_try, took_try };

static void print_rate(const struct repro *repro)
{
	struct buf line = { 0 };
	const struct ways *ways = &repro->again.ways;
	const struct way *best = ways_best(ways);
	buf_puts(&line, repro->seen ? "Seen in " : "Not seen: ");
	rate_add(&line, repro->seen, repro->tries);
	if (best) {
		buf_puts(&line, best->tries < repro->tries ? ", best in " : ": ");
		if (best->tries < repro->tries) {
			rate_add(&line, best->seen, best->tries);
			buf_puts(&line, " of ");
		}
		ways_add(&line, ways, best);
		buf_puts(&line, ", ");
		ways_add_threads(&line, &repro->last_seen);
	}
	printf("%s.\n", line.data);
	buf_free(&line);
}

/* The command without this one, for who wants to see all that the iteration does. */
static void print_command(const struct repro *repro)
{
	const struct again *again = &repro->again;
	const struct way *best = ways_best(&again->ways);
	if (!best || best->other_seed)
		return;
	char *token = replay_token_text(best->token);
	char *test = command_word(again->ways.tests[best->test].id);
	printf("With a report: %s --replay %s%s%s\n", again->run.command, token,
	       best->whole ? "" : " --tests ", best->whole ? "" : test);
	free(test);
	free(token);
}

static void print_confirmed(const struct repro *repro)
{
	const char *digits = strrchr(repro->again.target.id, '-');
	if (repro->again.target.kind != FINDING_LOCK_ORDER || !repro->seen)
		return;
	if (repro->deadlocked)
		printf("Confirmed: its threads did wait for each other for ever (deadlock%s).\n",
		       digits ? digits : "");
	else if (repro->purpose_tries) /* 0: it was interrupted before */
		printf("Not confirmed: made to meet there in %" PRIu64
		       " tries, its threads did not wait for each other.\n",
		       repro->purpose_tries);
}

static int tell(struct repro *repro, int code)
{
	if (!repro->tries)
		return code ? code : again_nothing_ran(&repro->again);
	print_rate(repro);
	print_confirmed(repro);
	print_command(repro);
	return code ? code : repro->seen ? EXIT_FINDINGS : EXIT_CLEAN;
}

int run_repro(struct settings *settings, const struct invocation *invocation)
{
	struct repro repro = { .asked = settings->times != 0 };
	repro.times = repro.asked ? settings->times : TIMES;
	int code = again_find(&repro.again, settings, invocation, "repro");
	if (!code) {
		again_print_title(&repro.again);
		code = again_open(&repro.again, true);
	}
	if (!code) {
		bool order = repro.again.target.kind == FINDING_LOCK_ORDER;
		settings->iterations = repro.times + (order ? PURPOSE : 0); /* for who watches */
		code = again_hunt(&repro.again, &strategy, &repro);
		repro.again.done.tries = repro.tries;
		repro.again.done.seen = repro.seen;
		code = again_close(&repro.again, tell(&repro, code));
	}
	again_clear(&repro.again);
	return code;
}
