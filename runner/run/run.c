/* run.c - see run.h. */
#include "runner/run/run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/base/progress.h"
#include "runner/base/util.h"
#include "runner/collate/baseline.h"
#include "runner/collate/collate.h"
#include "runner/collate/policy.h"
#include "runner/collate/suppress.h"
#include "runner/inspect/pyframes.h"
#include "runner/run/evidence.h"
#include "runner/run/outcome.h"
#include "runner/run/explore.h"
#include "runner/run/pairs.h"
#include "runner/run/results.h"
#include "runner/run/scripts.h"
#include "runner/run/fixed.h"
#include "runner/run/rates.h"
#include "runner/run/session.h"
#include "runner/setup/command.h"
#include "runner/setup/corpus.h"
#include "runner/setup/scratch.h"
#include "runner/store/store.h"
#include "runner/trial/watch.h"

/* --list and --plan. */
static int show(struct run *run)
{
	if (run->settings->list)
		for (size_t i = 0; i < run->tests.count; i++)
			puts(run->tests.tests[i].id);
	if (run->settings->plan)
		course_print(&run->course, run->settings);
	return fflush(stdout) == 0 ? 0
				   : fail(EXIT_INTERNAL, "standard output: %s", strerror(errno));
}

/* --- running ------------------------------------------------------------------------------- */

/* The limit of an iteration, lowered so that all jobs together leave the machine a fifth. */
static uint64_t memory_limit(struct run *run, unsigned jobs)
{
	uint64_t fits = memory_of_machine() / 5 * 4 / jobs;
	if (run->settings->memory == 0)
		run->settings->memory = (fits / 4 * 3) >> 20;
	uint64_t wanted = run->settings->memory << 20;
	if (wanted <= fits)
		return wanted;
	char *text =
		xprintf("--memory was lowered to %" PRIu64 " MiB: %u jobs share %" PRIu64 " MiB",
			fits >> 20, jobs, memory_of_machine() >> 20);
	collator_note(run->collator, text);
	free(text);
	return fits;
}

static void remove_scratch(struct run *run)
{
	if (!run->scratch)
		return;
	char *compiled =
		xprintf("%s/pycache/%s%s", run->paths.cache, run->environment.recipe, run->scratch);
	scratch_remove(run->scratch, compiled);
	free(compiled);
	free(run->scratch);
}

/*
 * TSan writes down the calls of a thread in an array of 65,536 entries and does not look where it
 * ends. CPython lets C code recurse until the stack is used up: with the usual 8 MiB repr() of a
 * nested tuple has 85,000 entries. A release that counts ends at 30,000.
 */
size_t session_stack_limit(const struct run *run)
{
	const struct python_release *release = python_release_named(run->environment.version);
	return release && release->counts_c_calls ? 0 : 5u << 20;
}

int session_run_pool(struct run *run)
{
	char **arguments =
		driver_arguments(&run->suite, run->environment.python, "ftstress_driver");
	char **variables[WORKER_KINDS];
	struct launch launch = { .python = run->environment.python,
				 .arguments = arguments,
				 .folder = run->suite.folder,
				 .stack = session_stack_limit(run) };
	for (enum worker_kind kind = 0; kind < WORKER_KINDS; kind++) {
		variables[kind] =
			variables_zygote(&run->environment, &run->suite, run->settings, &run->paths,
					 run->settings->seed, kind, run->scratch);
		launch.environment[kind] = variables[kind];
	}
	struct explore *explore =
		run->settings->explore && !run->settings->replay_given && !run->hunt
			? explore_new(run->settings, run->course.plan, run->tests.tests)
			: NULL;
	unsigned jobs = run->hunt ? 1 : session_jobs(run->settings);
	struct pool_options options = { .settings = run->settings,
					.launch = &launch,
					.plan = run->course.plan,
					.tests = run->tests.tests,
					.test_count = run->tests.count,
					.collator = run->collator,
					.as_written = run->hunt ? NULL : run->as_written,
					.store = run->store,
					.pairs = run->pairs,
					.explore = explore,
					.hunt = run->hunt,
					.run = run->stored.id,
					.start = course_start(&run->course, run->settings),
					.first_iteration = run->stored.iterations_done,
					.deck_tests = run->deck_tests,
					.jobs = jobs,
					.memory = memory_limit(run, jobs),
					.progress = run->progress,
					.stop = run->invocation->stop };
	if (run->settings->resume)
		options.start.first_slice =
			run->settings->gate ? run->stored.first_slice
					    : run->course.deck - run->stored.iterations_done;
	int code = pool_run(&options, &run->result);
	if (explore)
		explore_tell(explore, run->collator);
	explore_free(explore);
	variables_free(arguments);
	for (size_t kind = 0; kind < WORKER_KINDS; kind++)
		variables_free(variables[kind]);
	return code;
}

/* A replay is repeated, not gone on with. */
static void tell_resume(const struct run *run)
{
	if (run->settings->replay_given)
		return;
	char *command = command_resume(run->invocation->program, run->settings);
	char *part = run->result.tests_distinct < run->tests.count
			     ? xprintf("; --tests EXPR runs a part of the %zu tests only",
				       run->tests.count)
			     : xstrdup("");
	warn("interrupted; to go on: %s%s", command, part);
	free(part);
	free(command);
}

/* Suppressions that matched nothing; what of the baseline has expired, and what nothing was seen of. */
static void tell_unused(const struct run *run)
{
	char *note = suppress_note(run->suppressions);
	if (note)
		collator_note(run->collator, note);
	free(note);
	size_t count = 0;
	char **notes = run->baseline ? baseline_notes(run->baseline, &count) : NULL;
	for (size_t i = 0; i < count; i++) {
		collator_note(run->collator, notes[i]);
		warn("%s", notes[i]);
	}
	strings_free(notes, count);
}

static int finish(struct run *run, int code, double seconds)
{
	progress_close(run->progress);
	run->progress = NULL;
	struct run_info info;
	tell_unused(run);
	session_facts(run, &info, seconds);
	info.exit_code = session_exit_code(run, code);
	size_t count;
	const struct finding *const *findings = collator_findings(run->collator, &count);
	struct report_input input = { .run = &info, .findings = findings, .count = count };
	enum store_state state = run->result.interrupted || code ? RUN_INTERRUPTED : RUN_FINISHED;
	int failed = run->result.store_failed
			     ? code
			     : store_run_end(run->store, run->stored.id, state, &info);
	struct finding_rate *rates =
		failed ? NULL : rates_of(run->store, run->stored.id, info.seed, findings, count);
	struct report_fixed *fixed =
		failed ? NULL : fixed_of(run->store, run->stored.id, &input.fixed_count);
	struct report_turns *turns = NULL;
	if (!failed)
		failed = store_turns(run->store, run->stored.id, &turns, &input.test_count);
	input.rates = rates;
	input.fixed = fixed;
	input.tests = turns;
	int unwritten = outcome_write(run->settings, &input, !failed);
	rates_free(rates, count);
	fixed_free(fixed, input.fixed_count);
	store_turns_free(turns, input.test_count);
	code = failed ? failed : unwritten ? unwritten : info.exit_code;
	if (code == EXIT_INTERRUPTED)
		tell_resume(run);
	run_info_clear(&info);
	return code;
}

void session_settle(struct run *run)
{
	course_settle(&run->course, run->settings, run->tests.tests, run->tests.count,
		      run->deck_tests);
}

static void warn_of_turns(const struct settings *settings)
{
	if (settings->schedule <= SCHEDULE_WHOLE_TURNS && settings->order == ORDER_AS_WRITTEN)
		warn("threads that take turns show next to nothing with the order as written; add "
		     "--happens-before=meant");
}

/* `suite`: of the pairs. `seconds`: for all of it. */
static int take_evidence(struct run *run, const struct suite *suite, double seconds)
{
	struct evidence_options options = { .collator = run->collator,
					    .store = run->store,
					    .suite = suite,
					    .environment = &run->environment,
					    .paths = &run->paths,
					    .scratch = run->scratch,
					    .progress = run->progress,
					    .total = seconds,
					    .stop = run->invocation->stop };
	return evidence_take(&options);
}

static int take_results(struct run *run, double seconds)
{
	struct results_options options = { .collator = run->collator,
					   .matrix = run->result.matrix,
					   .store = run->store,
					   .run = run->stored.id,
					   .suite = &run->suite,
					   .environment = &run->environment,
					   .paths = &run->paths,
					   .scratch = run->scratch,
					   .progress = run->progress,
					   .total = seconds > 60 ? seconds : 60,
					   .stop = run->invocation->stop };
	return results_take(&options);
}

/* The scripts of what pairs found, whether the run was of pairs alone or had some. */
static int take_scripts(struct run *run)
{
	const struct suite *suite = run->settings->pairs           ? &run->suite
				    : run->result.pairs.iterations ? pairs_suite(run->pairs)
								   : NULL;
	if (!suite || run->result.interrupted)
		return 0;
	struct scripts_options options = { .collator = run->collator,
					   .store = run->store,
					   .suite = suite,
					   .environment = &run->environment,
					   .paths = &run->paths,
					   .progress = run->progress,
					   .output = run->settings->output,
					   .stop = run->invocation->stop };
	return scripts_take(&options);
}

/*
 * For as long as the pairs took: a minute at least where there are only pairs, at most where they
 * are a part of the run. None in a gate: it depends on who meets whom in time.
 */
static int take_all_evidence(struct run *run, double seconds)
{
	if (run->result.interrupted)
		return 0;
	if (run->settings->pairs)
		return take_evidence(run, &run->suite, seconds > 60 ? seconds : 60);
	double pairs = run->result.pairs.seconds;
	if (!run->result.pairs.iterations || run->settings->gate)
		return 0;
	return take_evidence(run, pairs_suite(run->pairs), pairs < 60 ? pairs : 60);
}

/* From the store being open to the exit code. */
static int run_opened(struct run *run)
{
	session_settle(run);
	warn_of_turns(run->settings);
	int code = course_take_leftovers(&run->course, run->settings, run->store);
	if (!code)
		code = session_begin(run);
	if (!code)
		code = scratch_make(&run->scratch);
	if (!code)
		code = session_open_collator(run);
	if (code)
		return code;
	run->pairs = pairs_begin(run);
	double started = now_seconds();
	code = session_run_pool(run);
	if (!code)
		code = take_all_evidence(run, now_seconds() - started);
	if (!code && run->settings->results && run->settings->pairs && !run->result.interrupted)
		code = take_results(run, now_seconds() - started);
	if (!code)
		code = take_scripts(run);
	return finish(run, code, now_seconds() - started);
}

void session_clear(struct run *run)
{
	progress_close(run->progress);
	pairs_free(run->pairs);
	if (run->collator)
		collator_close(run->collator);
	collator_close(run->as_written);
	if (run->suppressions)
		suppress_free(run->suppressions);
	policy_free(run->policy);
	baseline_free(run->baseline);
	remove_scratch(run);
	free(run->command);
	pool_result_clear(&run->result);
	course_clear(&run->course);
	tests_list_clear(&run->tests);
	environment_clear(&run->environment);
	store_run_clear(&run->stored);
	store_close(run->store);
	if (run->lock >= 0)
		close(run->lock);
	suite_clear(&run->suite);
	paths_clear(&run->paths);
	settings_clear(&run->base);
}

/* The environment and the tests. */
int session_get_tests(struct run *run)
{
	run->progress = progress_open(run->settings->quiet);
	int code = environment_prepare(&run->environment, &run->suite, run->settings, &run->paths,
				       run->progress, run->invocation->stop);
	if (!code && run->settings->pairs)
		code = tests_list_check(&run->suite, run->settings, &run->environment, &run->paths,
					run->invocation->stop);
	if (!code && run->settings->pairs)
		code = corpus_take(&run->suite, run->settings, &run->environment, &run->paths,
				   run->progress, run->invocation->stop);
	if (!code && run->settings->pairs && corpus_is_python(&run->suite)) {
		settings_set_python_pairs(run->settings);
		settings_set_python_pairs(&run->base);
	}
	if (!code)
		progress_step(run->progress, "collecting tests", 0, 0);
	if (!code)
		code = tests_list_get(&run->tests, &run->suite, run->settings, &run->environment,
				      &run->paths, run->invocation->stop);
	if (code == EXIT_INTERRUPTED) {
		progress_close(run->progress);
		run->progress = NULL;
		warn("interrupted before the first iteration; what is done by now is kept, and the "
		     "same command goes on from there");
	}
	return code;
}

int run_suite(struct settings *settings, const struct invocation *invocation)
{
	struct run run = { .invocation = invocation, .settings = settings, .lock = -1 };
	int code = session_load_suite(&run);
	bool only_show = settings->list || settings->plan;
	if (!code && !settings->list)
		code = session_open_store(&run);
	if (!code && settings->resume && !only_show)
		code = session_find_cut_off(&run);
	if (!code && !only_show) /* before what takes long: a mistake in it is told at once */
		code = session_load_baseline(&run);
	if (!code)
		code = session_get_tests(&run);
	if (!code && only_show) {
		progress_close(run.progress);
		run.progress = NULL;
		if (settings->replay_given)
			settings->seed = settings->replay.seed;
		session_settle(&run);
		if (settings->plan)
			code = course_take_leftovers(&run.course, settings, run.store);
		if (!code)
			code = show(&run);
	} else if (!code) {
		code = run_opened(&run);
	}
	session_clear(&run);
	return code;
}

int run_prepare(struct settings *settings, const struct invocation *invocation)
{
	struct run run = { .invocation = invocation, .settings = settings, .lock = -1 };
	int code = session_load_suite(&run);
	if (!code)
		code = session_get_tests(&run);
	if (!code) {
		progress_close(run.progress);
		run.progress = NULL;
		printf("%s: Python %s, %zu tests; ready\n", run.suite.name, run.environment.version,
		       run.tests.total);
	}
	session_clear(&run);
	return code;
}

int run_suites(void)
{
	struct paths paths;
	struct drivers drivers = { 0 };
	int code = paths_find(&paths);
	if (!code)
		code = drivers_load(&drivers, paths.stress);
	if (!code)
		code = suite_list(paths.suites, &drivers, stdout);
	drivers_clear(&drivers);
	paths_clear(&paths);
	return code;
}

int run_cache(const struct invocation *invocation)
{
	struct paths paths;
	int code = paths_find(&paths);
	if (!code) {
		char *const *words = invocation->argv;
		while (strcmp(*words, "cache") != 0)
			words++;
		char **command = xcalloc((size_t)invocation->argc + 2, sizeof *command);
		command[0] = paths.prepare;
		for (size_t i = 0; words[i]; i++)
			command[i + 1] = words[i];
		execv(paths.prepare, command);
		code = fail(EXIT_INTERNAL, "%s: %s", paths.prepare, strerror(errno));
		free(command);
	}
	paths_clear(&paths);
	return code;
}

int run_doctor(void)
{
	struct paths paths;
	int code = paths_find(&paths);
	if (!code) {
		execl(paths.prepare, paths.prepare, "doctor", (char *)NULL);
		code = fail(EXIT_INTERNAL, "%s: %s", paths.prepare, strerror(errno));
	}
	paths_clear(&paths);
	return code;
}
