/*
 * minimise.c - `ftstress minimise ID`: the smallest command that still shows a finding, and a script that shows it
 * without ftstress.
 *
 *     FIND      the ways of `repro`, until one shows it
 *     RATE      how often? What is smaller and does not show it in as many tries as that takes, is not it
 *     TESTS     fewer tests in the iteration (model/shrink.h)
 *     THREADS   fewer threads
 *     SCHEDULE  whole turns: then it comes each time
 *     MEASURE   how often does the smallest one show it? So many iterations the command has
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"
#include "runner/model/rate.h"
#include "runner/model/shrink.h"
#include "runner/run/again.h"
#include "runner/run/alone.h"
#include "runner/run/run.h"
#include "runner/setup/command.h"

#define SECONDS 120.0    /* if no --duration is asked for */
#define SHARE 0.75       /* of them for making it smaller */
#define FIND_MOST 20u    /* tries */
#define MEASURE_LEAST 4u /* tries that all show it say enough */
#define MEASURE_MOST 10u
#define PATIENCE_MOST 12u /* tries for something smaller */
#define SEEN_ENOUGH 2u    /* times that something smaller shows it, not by luck */
#define DEFAULT_SLICE 20u /* plan_slice_for() gives so much at least */

enum phase { FIND, RATE, TESTS, THREADS, SCHEDULE, MEASURE, END };

/* What an iteration is made of. */
struct shape {
	struct replay_token token;
	const size_t *tests;
	size_t test_count;
	unsigned threads; /* HUNT_AS_DRAWN: as many as before */
	bool whole_turns;
};

/* A shape that was left for a smaller one. */
struct left {
	struct shape shape;
	unsigned threads;
	enum schedule_choice schedule;
};

struct minimise {
	struct again again;
	enum phase phase;
	struct shape now, smaller;
	size_t test;          /* the one that showed it */
	bool trying;          /* `smaller` is tried */
	uint64_t tries, seen; /* of `smaller`; or of `now`, while its rate is measured */
	uint64_t patience, find_tries, all;
	unsigned threads; /* that `now` runs in */
	unsigned fewer;   /* that were tried last */
	enum schedule_choice schedule;
	size_t *tests; /* of the iteration that showed it, where one alone does not */
	size_t test_count;
	struct shrink *shrink;
	struct left left[4]; /* for --tests, fewer tests, fewer threads, whole turns */
	size_t left_count;
	double ends; /* what is smaller is tried until then */
	bool late;
};

/* ---- one phase after the other ---- */

static void enter(struct minimise *m, enum phase phase)
{
	m->phase = phase;
	m->trying = false;
	m->tries = m->seen = 0;
}

/* All tests of the slice that the way has run. */
static void take_slice(struct minimise *m)
{
	struct trial_plan plan;
	const struct ways *ways = &m->again.ways;
	plan_trial(ways->plan, ways->settings, m->now.token, &plan);
	bool *in = xcalloc(ways->test_count, sizeof *in);
	for (size_t i = 0; i < plan.test_count; i++)
		in[plan.tests[i]] = true;
	m->tests = xcalloc(plan.test_count, sizeof *m->tests);
	m->now.test_count = 0;
	for (size_t i = 0; i < ways->test_count; i++) /* sorted, as --tests has them */
		if (in[i])
			m->tests[m->now.test_count++] = i;
	m->now.tests = m->tests;
	m->test_count = m->now.test_count;
	free(in);
	trial_plan_clear(&plan);
}

static void take_way(struct minimise *m, const struct hunt_result *result,
		     const struct hunt_try *tried)
{
	const struct way *way = &m->again.ways.items[m->again.ways.now];
	m->now = (struct shape){ .token = tried->token };
	m->test = way->test;
	m->threads = result->threads;
	m->schedule = result->schedule;
	if (way->whole) {
		m->left[m->left_count++] = (struct left){ m->now, m->threads, m->schedule };
		take_slice(m);
		m->left[0].shape.test_count = m->test_count;
	} else {
		m->now.tests = &m->test;
		m->now.test_count = 1;
	}
	enter(m, RATE);
}

/* Sets `smaller`; false: this phase has no more. */
static bool shrink_shape(struct minimise *m)
{
	m->smaller = m->now;
	if (m->phase == TESTS) {
		if (m->now.tests && m->now.test_count > 1 && !m->shrink)
			m->shrink = shrink_new(m->now.tests, m->now.test_count, m->test);
		m->smaller.tests =
			m->shrink ? shrink_next(m->shrink, &m->smaller.test_count) : NULL;
		return m->smaller.tests != NULL;
	}
	if (m->phase == THREADS) {
		m->smaller.threads = m->fewer = m->fewer ? m->fewer + 1 : 2;
		return m->fewer < m->threads;
	}
	m->smaller.whole_turns = true;
	return m->schedule != SCHEDULE_WHOLE_TURNS && !m->now.whole_turns &&
	       m->again.run.settings->order == ORDER_MEANT;
}

static void take_smaller(struct minimise *m)
{
	m->left[m->left_count++] = (struct left){ m->now, m->threads, m->schedule };
	m->now = m->smaller;
}

/* The smaller one was luck: back to the one before. False: there is none. */
static bool take_back(struct minimise *m)
{
	if (!m->left_count)
		return false;
	const struct left *left = &m->left[--m->left_count];
	m->now = left->shape;
	m->threads = left->threads;
	m->schedule = left->schedule;
	enter(m, MEASURE);
	return true;
}

/* What the tries of `smaller` say. Threads are tried from two on, so the first that shows it is the least. */
static void settle(struct minimise *m)
{
	bool does = m->seen >= SEEN_ENOUGH;
	m->trying = false;
	if (m->phase == TESTS)
		shrink_answer(m->shrink, does);
	if (does && m->phase == TESTS)
		m->now.tests = shrink_items(m->shrink, &m->now.test_count);
	else if (does)
		take_smaller(m);
	m->tries = m->seen = 0;
	if (does && m->phase == THREADS) {
		m->threads = m->now.threads;
		enter(m, SCHEDULE);
	} else if (m->phase == SCHEDULE) {
		enter(m, MEASURE);
	}
}

static void next_phase(struct minimise *m)
{
	if (m->phase == TESTS && m->shrink) {
		struct shape all = m->now;
		all.tests = m->tests;
		all.test_count = m->test_count;
		m->left[m->left_count++] = (struct left){ all, m->threads, m->schedule };
	}
	enter(m, m->phase + 1);
}

static void shape_try(const struct shape *shape, struct hunt_try *next)
{
	*next = (struct hunt_try){ .token = shape->token,
				   .tests = shape->tests,
				   .test_count = shape->test_count,
				   .threads = shape->threads,
				   .whole_turns = shape->whole_turns };
}

static bool measured(const struct minimise *m)
{
	return m->tries >= MEASURE_MOST || (m->tries >= MEASURE_LEAST && m->seen == m->tries);
}

static void set_patience(struct minimise *m)
{
	/* Half of the rate is good enough. */
	double rate = m->tries ? (double)m->seen / (double)m->tries / 2 : 0;
	m->patience = m->seen ? rate_tries(rate) : PATIENCE_MOST;
	if (m->patience > PATIENCE_MOST)
		m->patience = PATIENCE_MOST;
}

static bool next_shape(struct minimise *m, struct hunt_try *next)
{
	while (m->phase < MEASURE) {
		m->late = now_seconds() >= m->ends;
		if (m->phase == RATE && !measured(m) && !m->late) {
			shape_try(&m->now, next);
			return true;
		}
		/* In the order that --tests gives them they don't show it: the iteration stays whole. */
		if (m->phase == RATE && !m->seen && m->now.tests && m->now.test_count > 1) {
			m->now.tests = NULL;
			enter(m, RATE);
			continue;
		}
		if (m->phase == RATE)
			set_patience(m);
		if (m->trying && (m->seen >= SEEN_ENOUGH || m->tries >= m->patience))
			settle(m);
		else if (m->late || m->phase == RATE || (!m->trying && !shrink_shape(m)))
			next_phase(m);
		else
			m->trying = true;
		if (!m->trying || m->phase >= MEASURE)
			continue;
		shape_try(&m->smaller, next);
		return true;
	}
	if (m->phase == MEASURE && measured(m) && (m->seen || !take_back(m)))
		m->phase = END;
	shape_try(&m->now, next);
	return m->phase == MEASURE;
}

struct tried {
	struct minimise minimise;
	struct hunt_try last;
};

static bool next_try(void *context, struct hunt_try *next)
{
	struct tried *tried = context;
	struct minimise *m = &tried->minimise;
	bool more = m->phase == FIND ? m->find_tries < FIND_MOST && ways_next(&m->again.ways, next)
				     : next_shape(m, next);
	tried->last = *next;
	return more;
}

static void took_try(void *context, const struct hunt_result *result)
{
	struct tried *tried = context;
	struct minimise *m = &tried->minimise;
	m->all++;
	if (m->phase == FIND) {
		ways_took(&m->again.ways, result);
		m->find_tries++;
		if (result->seen)
			take_way(m, result, &tried->last);
	} else {
		m->tries++;
		m->seen += result->seen;
		if (!m->trying)
			m->schedule = result->schedule;
	}
	m->again.done.tries++;
	m->again.done.seen += result->seen;
}

static const struct hunt_strategy strategy = { next_try, took_try };

/* ---- what is told ---- */

/* "--tests" of all tests: an expression. To be freed. */
static char *tests_expression(const struct minimise *m)
{
	struct buf text = { 0 };
	if (!m->now.tests)
		return xstrdup(m->again.run.settings->tests);
	for (size_t i = 0; i < m->now.test_count; i++)
		buf_printf(&text, "%s%s", i ? " or " : "", m->again.ways.tests[m->now.tests[i]].id);
	return buf_take(&text);
}

static void print_command(const struct minimise *m)
{
	const struct again *again = &m->again;
	struct settings now = *again->run.settings;
	double rate = m->tries ? (double)m->seen / (double)m->tries : 0;
	uint64_t iterations = rate > 0 ? rate_tries(rate) : FIND_MOST;
	now.tests = tests_expression(m);
	now.threads_min = now.threads_max = m->threads;
	if (m->now.whole_turns)
		now.schedule = SCHEDULE_WHOLE_TURNS;
	if (m->now.tests && m->now.test_count <= DEFAULT_SLICE)
		now.slice = again->run.base.slice;
	/* Alone, its test has only the first iteration of them. */
	if (again->target.kind == FINDING_PYTHON_RACE)
		now.python_races_every = 1;
	char *command = command_replay(again->run.invocation->program, &now, &again->run.base);
	char *token = replay_token_text(m->now.token);
	printf("%s --replay %s --iterations %" PRIu64 "\n", command, token, iterations);
	free(token);
	free(command);
	free(now.tests);
}

static void print_shape(const struct minimise *m)
{
	struct buf line = { 0 };
	buf_printf(&line, "%zu test%s in %u thread%s, seen in ", m->now.test_count,
		   m->now.test_count == 1 ? "" : "s", m->threads, m->threads == 1 ? "" : "s");
	rate_add(&line, m->seen, m->tries);
	buf_printf(&line, ", after %" PRIu64 " tries%s:", m->all,
		   m->late ? "; the time was over, it may get smaller with a longer --duration"
			   : "");
	puts(line.data);
	buf_free(&line);
}

static void print_alone(const struct minimise *m, const struct alone *alone)
{
	const char *site = m->again.run.environment.tsan_site.count
				   ? m->again.run.environment.tsan_site.items[0]
				   : "";
	if (!alone->path) {
		printf("No script shows it without ftstress: %s.\n", alone->why);
		return;
	}
	if (alone->shown)
		printf("Without ftstress (seen in run %u of the script", alone->tries);
	else
		printf("A script of it did not show it without ftstress in %u run%s (",
		       alone->tries, alone->tries == 1 ? "" : "s");
	if (alone->lines)
		printf("%s%" PRIu64 " lines", alone->shown ? ", " : "", alone->lines);
	printf("):\n%s%s%s%s %s\n", *site ? "PYTHONPATH=" : "", site, *site ? " " : "",
	       m->again.run.environment.python, alone->path);
}

static int tell(struct minimise *m, int code)
{
	struct alone alone = { 0 };
	if (!m->all)
		return code ? code : again_nothing_ran(&m->again);
	if (m->phase == FIND) {
		printf("Not seen in %" PRIu64 " tries, so there is nothing to make smaller.\n",
		       m->all);
		return code;
	}
	print_shape(m);
	print_command(m);
	fflush(stdout);
	if (!code)
		code = alone_make(&m->again.run, &m->again.target, m->again.ways.tests[m->test].id,
				  m->threads, &alone);
	if (!code)
		print_alone(m, &alone);
	alone_clear(&alone);
	return code ? code : EXIT_FINDINGS;
}

int run_minimise(struct settings *settings, const struct invocation *invocation)
{
	struct tried tried = { 0 };
	struct minimise *m = &tried.minimise;
	int code = again_find(&m->again, settings, invocation, "minimise");
	if (!code) {
		again_print_title(&m->again);
		code = again_open(&m->again, true);
	}
	if (!code) {
		double seconds = settings->duration > 0 ? settings->duration : SECONDS;
		m->ends = now_seconds() + SHARE * seconds;
		settings->duration = seconds;
		printf("Making it smaller, for %g s at most (--duration).\n", seconds);
		fflush(stdout);
		code = again_hunt(&m->again, &strategy, &tried);
		code = again_close(&m->again, tell(m, code));
	}
	shrink_free(m->shrink);
	free(m->tests);
	again_clear(&m->again);
	return code;
}
