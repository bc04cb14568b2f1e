/* pairs.c - see pairs.h. */
#include "runner/run/pairs.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/base/meanwhile.h"
#include "runner/base/progress.h"
#include "runner/base/util.h"
#include "runner/collate/policy.h"
#include "runner/model/matrix.h"
#include "runner/run/session.h"
#include "runner/setup/corpus.h"

#define WAIT_LEAST                                                                                 \
	60.0        /* seconds that a run waits for the corpus after its tests; or as long as
			 * these took, if that is more */
#define BUDGET 20.0 /* seconds for an iteration of pairs */

enum state { MAKING, READY, OVER };

struct pairs {
	struct run *run;
	struct settings settings; /* the run's, with what pairs imply; nothing of it is owned */
	struct suite suite;
	struct tests_list tests;
	struct plan *plan;
	struct launch launch;
	char **arguments, **variables;
	enum state state;
	pid_t maker; /* the child that makes the corpus; 0 = none */
	int said;    /* what it writes to its standard error */
	uint64_t first_slice, planned, done;
	uint64_t most;       /* iterations; 0 = no limit */
	double started;      /* now_seconds() */
	double first;        /* the same, of the first iteration; 0 = there was none */
	double waited_since; /* the same, since the tests are through; 0 = they are not */
};

static void note(const struct pairs *pairs, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void note(const struct pairs *pairs, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *text = NULL;
	if (vasprintf(&text, format, arguments) >= 0)
		collator_note(pairs->run->collator, text);
	va_end(arguments);
	free(text);
}

/* Has the user asked for something that pairs have no part in? */
static bool is_unwanted(const struct run *run)
{
	const struct settings *settings = run->settings;
	bool chosen = settings->tests &&
		      (!run->base.tests || strcmp(settings->tests, run->base.tests) != 0);
	bool few = settings->iterations && settings->iterations < settings->pairs_every - 1 &&
		   !settings->gate;
	return !settings->pairs_every || settings->pairs || settings->replay_given || chosen ||
	       few || settings->gil == GIL_ON || settings->order != ORDER_MEANT ||
	       settings->schedule == SCHEDULE_OVERLAP;
}

bool suite_is_of_cpython(const struct suite *suite)
{
	bool is = false;
	for (size_t i = 0; i < suite->targets.count; i++)
		is = is || !strcmp(suite->targets.items[i], "test") ||
		     !strncmp(suite->targets.items[i], "test.", 5);
	return is && !suite->installs.count;
}

bool suite_has_types(const struct suite *suite)
{
	return suite->installs.count || suite_is_of_cpython(suite);
}

/* Finds the corpus, or has it made, and gets the list of its pairs. Both are kept in the cache. */
static int get_pairs(struct pairs *pairs, struct progress *progress)
{
	struct run *run = pairs->run;
	int code = corpus_take(&pairs->suite, &pairs->settings, &run->environment, &run->paths,
			       progress, run->invocation->stop);
	if (!code)
		code = tests_list_get(&pairs->tests, &pairs->suite, &pairs->settings,
				      &run->environment, &run->paths, run->invocation->stop);
	return code;
}

/* The child: what it makes is in the cache, so that the parent finds it there. */
static _Noreturn void make(struct pairs *pairs)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	meanwhile_set(NULL, NULL);
	message_before = NULL;
	dup2(pairs->said, STDERR_FILENO);
	_exit(get_pairs(pairs, progress_open(true)));
}

enum classes_choice pairs_classes(enum classes_choice asked)
{
	return asked == CLASSES_AUTO ? CLASSES_OFF : asked;
}

/* What --pairs stands for; and no more iterations in the gate than take its time. */
static void settle(struct pairs *pairs, const struct settings *settings)
{
	pairs->settings = *settings;
	settings_set_pairs(&pairs->settings);
	pairs->settings.python_classes = pairs_classes(settings->python_classes);
	pairs->settings.python_races = 0;
	pairs->settings.python_races_given = false;
	pairs->settings.tests = NULL;
	pairs->settings.types = NULL;
	pairs->settings.type_count = 0;
	pairs->most = settings->gate ? GATE_PAIRS / PAIRS_SLICE : 0;
}

struct pairs *pairs_begin(struct run *run)
{
	if (is_unwanted(run) || !suite_has_types(&run->suite))
		return NULL;
	struct pairs *pairs = xcalloc(1, sizeof *pairs);
	pairs->run = run;
	pairs->started = now_seconds();
	settle(pairs, run->settings);
	pairs->said = memfd_create("ftstress-pairs", MFD_CLOEXEC);
	int code = pairs->said < 0 ? EXIT_INTERNAL : session_read_suite(run, &pairs->suite);
	if (!code && !run->settings->gate)
		code = store_pairs_deck(run->store, &pairs->first_slice);
	pid_t pid = code ? -1 : fork();
	if (pid == 0)
		make(pairs);
	if (pid < 0)
		pairs_stop(pairs, code ? "their suite can't be read" : strerror(errno));
	else
		pairs->maker = pid;
	return pairs;
}

static void end_maker(struct pairs *pairs)
{
	if (!pairs->maker)
		return;
	kill(pairs->maker, SIGTERM);
	while (waitpid(pairs->maker, NULL, 0) < 0 && errno == EINTR)
		continue;
	pairs->maker = 0;
}

void pairs_free(struct pairs *pairs)
{
	if (!pairs)
		return;
	end_maker(pairs);
	if (pairs->said >= 0)
		close(pairs->said);
	plan_free(pairs->plan);
	tests_list_clear(&pairs->tests);
	suite_clear(&pairs->suite);
	variables_free(pairs->arguments);
	variables_free(pairs->variables);
	free(pairs);
}

void pairs_stop(struct pairs *pairs, const char *why)
{
	if (pairs->state != OVER)
		note(pairs, "no %spairs of operations on one object were run: %s",
		     pairs->done ? "more " : "", why);
	pairs->state = OVER;
}

/* The last line of what the child said, without what stands before each message. */
static char *last_line(const struct pairs *pairs)
{
	static const char ours[] = "ftstress: ";
	char text[2048];
	off_t end = lseek(pairs->said, 0, SEEK_END);
	off_t from = end > (off_t)sizeof text - 1 ? end - (off_t)sizeof text + 1 : 0;
	ssize_t got = pread(pairs->said, text, sizeof text - 1, from);
	text[got > 0 ? got : 0] = '\0';
	while (got > 0 && text[got - 1] == '\n')
		text[--got] = '\0';
	char *line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	return xstrdup(strncmp(line, ours, strlen(ours)) ? line : line + strlen(ours));
}

static void take_corpus(struct pairs *pairs, struct pool_result *result)
{
	struct run *run = pairs->run;
	if (get_pairs(pairs, run->progress)) {
		pairs_stop(pairs, "their corpus can't be read");
		return;
	}
	if (corpus_is_python(&pairs->suite))
		settings_set_python_pairs(&pairs->settings);
	pairs->plan = plan_new(pairs->tests.tests, pairs->tests.count, pairs->settings.slice);
	pairs->arguments =
		driver_arguments(&pairs->suite, run->environment.python, "ftstress_driver");
	pairs->variables =
		variables_zygote(&run->environment, &pairs->suite, &pairs->settings, &run->paths,
				 run->settings->seed, WORKER_PAIRS, run->scratch);
	pairs->launch = (struct launch){ .python = run->environment.python,
					 .arguments = pairs->arguments,
					 .folder = pairs->suite.folder,
					 .stack = session_stack_limit(run) };
	pairs->launch.environment[WORKER_PAIRS] = pairs->variables;
	result->matrix = matrix_new();
	for (size_t i = 0; i < pairs->tests.count; i++)
		matrix_test(result->matrix, pairs->tests.tests[i].id, CELL_NOT_RUN);
	result->pairs.total = pairs->tests.count;
	policy_learn(run->policy, pairs->suite.targets.items[0]);
	pairs->state = READY;
}

void pairs_look(struct pairs *pairs, struct pool_result *result)
{
	int status = 0;
	if (!pairs || !pairs->maker || waitpid(pairs->maker, &status, WNOHANG) != pairs->maker)
		return;
	pairs->maker = 0;
	if (pairs->state == OVER)
		return;
	if (status == 0) {
		take_corpus(pairs, result);
		return;
	}
	char *line = last_line(pairs);
	pairs_stop(pairs, *line ? line : "their corpus could not be made");
	free(line);
}

/* How many iterations of pairs come with so many of tests. */
static uint64_t owed(const struct pairs *pairs, uint64_t planned)
{
	return pairs->most ? pairs->most : planned / (pairs->run->settings->pairs_every - 1);
}

static double time_left(const struct pairs *pairs)
{
	double spent = pairs->first > 0 ? now_seconds() - pairs->first : 0;
	return pairs->run->settings->gate ? GATE_PAIRS_SECONDS - spent : BUDGET;
}

struct trial *pairs_next(struct pairs *pairs, uint64_t planned, bool last)
{
	if (!pairs || pairs->state == OVER || pairs->planned >= owed(pairs, planned) ||
	    (pairs->most && !last))
		return NULL;
	if (last && pairs->waited_since <= 0)
		pairs->waited_since = now_seconds();
	if (pairs->state == MAKING)
		return NULL;
	if (pairs->most && pairs->planned >= plan_slices(pairs->plan))
		return NULL; /* a gate runs nothing twice */
	double left = time_left(pairs);
	if (left <= 0) {
		note(pairs,
		     "the gate's pairs were cut off after %.0f s: this machine did not get "
		     "through them, so which ones ran may differ next time",
		     GATE_PAIRS_SECONDS);
		pairs->state = OVER;
		return NULL;
	}
	if (pairs->first <= 0)
		pairs->first = now_seconds();
	struct plan_start start = { .seed = pairs->run->settings->seed,
				    .first_slice = pairs->first_slice };
	struct trial_plan plan;
	struct replay_token token =
		plan_iteration(pairs->plan, &pairs->settings, &start, pairs->planned++, &plan);
	token.pairs = true;
	double budget = left < BUDGET ? left : BUDGET;
	struct trial *trial = trial_new(&plan, token, budget, pairs->tests.tests);
	trial->pairs = true;
	return trial;
}

bool pairs_awaited(const struct pairs *pairs, uint64_t planned)
{
	if (!pairs || pairs->state != MAKING || pairs->waited_since <= 0 ||
	    pairs->planned >= owed(pairs, planned))
		return false;
	double tests = pairs->waited_since - pairs->started;
	double most = tests > WAIT_LEAST ? tests : WAIT_LEAST;
	if (pairs->run->settings->gate || now_seconds() - pairs->waited_since < most)
		return true;
	note(pairs,
	     "no pairs of operations on one object were run: what the tests do with the package's "
	     "types was not known in time; `ftstress --suite %s --pairs` waits for it",
	     pairs->run->settings->suite);
	return false;
}

void pairs_done(struct pairs *pairs, const struct trial *trial, struct pool_result *result)
{
	(void)trial;
	pairs->done++;
	result->pairs.iterations++;
	result->pairs.seconds = now_seconds() - pairs->first;
	if (!pairs->run->settings->gate)
		store_pairs_deck_put(pairs->run->store, pairs->first_slice + pairs->done);
}

const struct plan_test *pairs_tests(const struct pairs *pairs)
{
	return pairs->tests.tests;
}

const struct launch *pairs_launch(const struct pairs *pairs)
{
	return &pairs->launch;
}

const struct suite *pairs_suite(const struct pairs *pairs)
{
	return pairs && pairs->plan ? &pairs->suite : NULL;
}
