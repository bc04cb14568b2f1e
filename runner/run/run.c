/* run.c - see run.h. */
#include "runner/model/kinds.h"
#include "runner/run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "runner/collate/collate.h"
#include "runner/setup/command.h"
#include "runner/plan/course.h"
#include "runner/setup/corpus.h"
#include "runner/setup/environment.h"
#include "runner/collate/follow.h"
#include "runner/collate/known.h"
#include "runner/collate/ledger.h"
#include "runner/model/matrix.h"
#include "runner/run/evidence.h"
#include "runner/run/outcome.h"
#include "runner/setup/paths.h"
#include "runner/plan/plan.h"
#include "runner/run/pool.h"
#include "runner/run/results.h"
#include "runner/base/progress.h"
#include "runner/setup/scratch.h"
#include "runner/store/store.h"
#include "runner/setup/suite.h"
#include "runner/collate/suppress.h"
#include "runner/setup/tests_list.h"
#include "runner/base/util.h"
#include "runner/inspect/pyframes.h"
#include "runner/trial/watch.h"
#include "runner/trial/worker.h"

/* All that a run needs, in the order in which it is made. */
struct run {
	const struct invocation *invocation;
	struct settings *settings;
	struct settings base; /* what the suite alone says: what differs goes into commands */
	struct paths paths;
	struct suite suite;
	struct progress *progress;
	struct store *store;
	int lock;                /* held while the run goes on, or -1 */
	struct store_run stored; /* the run in the store */
	uint64_t deck_tests;     /* position in the deck before this run, in tests */
	struct environment environment;
	struct tests_list tests;
	struct course course;
	struct suppressions *suppressions;
	char *command;                          /* shows a finding again, without the token */
	char *scratch;                          /* folder for what the tests write */
	struct collator *collator, *as_written; /* see recheck.h; the latter may be NULL */
	struct pool_result result;
	struct buf notes;
};

/* --- settings ------------------------------------------------------------------------------ */

static int read_settings(struct run *run, const char *stored_arguments)
{
	struct settings *settings = run->settings;
	char *name = xstrdup(settings->suite);
	bool pairs = settings->pairs;
	settings_clear(settings);
	settings_init(settings);
	int code = suite_apply(&run->suite, settings);
	settings_clear(&run->base);
	settings_init(&run->base);
	if (!code)
		code = suite_apply(&run->suite, &run->base);
	if (pairs)
		settings_set_pairs(&run->base);
	json_t *arguments = stored_arguments ? json_loads(stored_arguments, 0, NULL) : NULL;
	size_t count = json_array_size(arguments);
	if (!code && count) {
		char **argv = xcalloc(count + 1, sizeof *argv);
		for (size_t i = 0; i < count; i++)
			argv[i] = (char *)json_string_value(json_array_get(arguments, i));
		code = options_parse(settings, (int)count, argv);
		free(argv);
	}
	json_decref(arguments);
	uint64_t iterations = settings->iterations;
	if (!code)
		code = options_parse(settings, run->invocation->argc, run->invocation->argv);
	if (!code && count && !settings->iterations_given && !settings->duration_given)
		settings->iterations = iterations;
	if (!settings->suite)
		settings->suite = xstrdup(name);
	free(name);
	return code ? code : formats_check(settings->formats);
}

/* Finds our files and reads the suite and its settings. */
static int load_suite(struct run *run)
{
	if (!run->settings->suite)
		return fail(EXIT_BAD_INPUT, "which suite? ftstress --suite NAME (`ftstress suites` "
					    "lists them; ftstress --help tells more)");
	struct drivers drivers = { 0 };
	int code = paths_find(&run->paths);
	if (!code)
		code = drivers_load(&drivers, run->paths.stress);
	if (!code)
		code = suite_load(&run->suite, run->settings->suite, run->paths.suites, &drivers);
	drivers_clear(&drivers);
	if (!code)
		code = read_settings(run, NULL);
	if (!code && run->settings->pairs) {
		free(run->suite.record);
		run->suite.record = xprintf("%s-pairs", run->suite.name);
	}
	return code;
}

/* --- the store ----------------------------------------------------------------------------- */

static char *store_path(const struct run *run)
{
	return xprintf("%s/%s.db", run->settings->output, run->suite.record);
}

static int open_store(struct run *run)
{
	int code = output_folder_check(run->settings->output);
	char *path = store_path(run);
	if (!code)
		code = store_open(path, &run->store);
	if (!code)
		code = store_deck(run->store, &run->deck_tests);
	free(path);
	return code;
}

/* A lock beside the store says that a run is under way; it goes with the process. */
static bool take_lock(struct run *run, int kind)
{
	char *path = xprintf("%s/.%s.lock", run->settings->output, run->suite.record);
	run->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	free(path);
	return run->lock < 0 || flock(run->lock, kind | LOCK_NB) == 0;
}

static char *arguments_text(const struct invocation *invocation)
{
	json_t *list = json_array();
	for (int i = 0; i < invocation->argc; i++)
		json_array_append_new(list, json_string(invocation->argv[i]));
	char *text = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	char *copy = xstrdup(text ? text : "[]");
	free(text);
	return copy;
}

/* Reads the run that was cut off, and its settings. */
static int find_cut_off(struct run *run)
{
	bool found = false, locked = take_lock(run, LOCK_EX);
	int code = store_run_get(run->store, 0, &run->stored, &found);
	if (code)
		return code;
	if (!locked)
		return fail(EXIT_BAD_INPUT,
			    "a run of %s is still under way in %s; wait for its end",
			    run->suite.record, run->settings->output);
	if (!found || run->stored.state == RUN_FINISHED)
		return fail(EXIT_BAD_INPUT,
			    "there is no run of %s in %s that was cut off: start one "
			    "without --resume",
			    run->suite.record, run->settings->output);
	code = read_settings(run, run->stored.options);
	if (code)
		return code;
	run->settings->seed = run->stored.seed;
	flock(run->lock, LOCK_SH); /* other runs may begin beside it */
	return 0;
}

static int resume_run(struct run *run)
{
	warn("run %" PRId64 " goes on at iteration %" PRIu64, run->stored.id,
	     run->stored.iterations_done);
	return store_run_reopen(run->store, run->stored.id);
}

static int begin_run(struct run *run)
{
	struct settings *settings = run->settings;
	if (settings->resume)
		return resume_run(run);
	take_lock(run, LOCK_SH);
	if (settings->replay_given)
		settings->seed = settings->replay.seed;
	else if (!settings->seed_given &&
		 getrandom(&settings->seed, sizeof settings->seed, 0) != sizeof settings->seed)
		return fail(EXIT_INTERNAL, "getrandom: %s; give --seed", strerror(errno));
	run->stored =
		(struct store_run){ .seed = settings->seed,
				    .first_slice = course_start(&run->course, settings).first_slice,
				    .iterations_planned = settings->iterations,
				    .started = time(NULL),
				    .options = arguments_text(run->invocation) };
	return store_run_begin(run->store, &run->stored, &run->stored.id);
}

/* --- the plan ------------------------------------------------------------------------------ */

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

/* --- collating ----------------------------------------------------------------------------- */

/* What is known of CPython's own races: by its lists, and by ours. */
static int load_upstream(struct run *run)
{
	static const char *const lists[] = { "suppressions.txt",
					     "suppressions_free_threading.txt" };
	const struct strings *sources = &run->environment.sources;
	char *folder = xprintf("%s/known", run->paths.stress);
	int code = known_load(run->suppressions, folder, run->environment.version);
	free(folder);
	if (code || !sources->count)
		return code;
	suppress_sources(run->suppressions, sources->items[0]);
	for (size_t i = 0; !code && i < sizeof lists / sizeof *lists; i++) {
		char *path = xprintf("%s/Tools/tsan/%s", sources->items[0], lists[i]);
		if (access(path, R_OK) == 0)
			code = suppress_load(run->suppressions, path, STATUS_UPSTREAM);
		free(path);
	}
	return code;
}

static int load_suppressions(struct run *run)
{
	run->suppressions = suppress_new();
	int code = 0;
	const struct settings *settings = run->settings;
	for (size_t i = 0; !code && i < settings->suppression_count; i++)
		code = suppress_load(run->suppressions, settings->suppressions[i],
				     STATUS_SUPPRESSED);
	for (size_t i = 0; !code && i < run->suite.suppressions.count; i++) {
		const char *name = run->suite.suppressions.items[i];
		char *path =
			*name == '/' ? xstrdup(name) : xprintf("%s/%s", run->suite.folder, name);
		code = suppress_load(run->suppressions, path, STATUS_SUPPRESSED);
		free(path);
	}
	return code ? code : load_upstream(run);
}

static const char *symbolizer(void)
{
	static const char *const places[] = { "/usr/bin/llvm-symbolizer-22",
					      "/usr/lib/llvm-22/bin/llvm-symbolizer" };
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return NULL;
}

static void open_collator(struct run *run)
{
	run->command = command_replay(run->invocation->program, run->settings, &run->base);
	struct collate_options options = {
		.symbolizer = symbolizer(),
		.suite = run->suite.record,
		.command = run->command,
		.suppressions = run->suppressions,
		.store = run->store,
		.run = run->stored.id,
		.site_dirs = (const char *const *)run->environment.tsan_site.items,
		.site_dir_count = run->environment.tsan_site.count,
		.source_dirs = (const char *const *)run->environment.sources.items,
		.source_dir_count = run->environment.sources.count,
	};
	options.as_written = run->settings->order == ORDER_AS_WRITTEN;
	run->collator = collator_open(&options);
	/* Not in the gate: who meets whom in time is another result every time. */
	if (run->settings->order == ORDER_MEANT && !run->settings->gate && !run->settings->pairs) {
		options.store = NULL;
		options.suppressions = NULL;
		run->as_written = collator_open(&options);
	}
	for (size_t i = 0; i < run->tests.errors.count; i++)
		collator_note(run->collator, run->tests.errors.items[i]);
	for (size_t i = 0; i < run->tests.notes.count; i++)
		collator_note(run->collator, run->tests.notes.items[i]);
}

/* --- running ------------------------------------------------------------------------------- */

static unsigned default_jobs(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	return cores > 3 ? (unsigned)(cores / 2) : 1;
}

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
static size_t stack_limit(const char *python_version)
{
	const struct python_release *release = python_release_named(python_version);
	return release && release->counts_c_calls ? 0 : 5u << 20;
}

static int run_pool(struct run *run)
{
	char **arguments =
		driver_arguments(&run->suite, run->environment.python, "ftstress_driver");
	char **variables[WORKER_KINDS];
	struct launch launch = { .python = run->environment.python,
				 .arguments = arguments,
				 .folder = run->suite.folder,
				 .stack = stack_limit(run->environment.version) };
	for (enum worker_kind kind = 0; kind < WORKER_KINDS; kind++) {
		variables[kind] =
			variables_zygote(&run->environment, &run->suite, run->settings, &run->paths,
					 run->settings->seed, kind, run->scratch);
		launch.environment[kind] = variables[kind];
	}
	unsigned jobs = run->settings->jobs ? run->settings->jobs : default_jobs();
	struct pool_options options = { .settings = run->settings,
					.launch = &launch,
					.plan = run->course.plan,
					.tests = run->tests.tests,
					.test_count = run->tests.count,
					.collator = run->collator,
					.as_written = run->as_written,
					.store = run->store,
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
	variables_free(arguments);
	for (size_t kind = 0; kind < WORKER_KINDS; kind++)
		variables_free(variables[kind]);
	return code;
}

/* --- the report ---------------------------------------------------------------------------- */

static void add_setting(struct run_info *info, size_t *capacity, const char *name, char *value)
{
	size_t count = info->setting_count * 2;
	ARRAY_PUSH(info->settings, count, *capacity, xstrdup(name));
	ARRAY_PUSH(info->settings, count, *capacity, value);
	info->setting_count++;
}

static void fill_settings(const struct run *run, struct run_info *info)
{
	const struct settings *settings = run->settings;
	size_t capacity = 0;
	add_setting(info, &capacity, "tests", xstrdup(settings->tests ? settings->tests : "all"));
	add_setting(info, &capacity, "threads", option_threads_text(settings));
	add_setting(info, &capacity, "switch interval", option_interval_text(settings));
	add_setting(info, &capacity, "happens-before", xstrdup(option_order_text(settings->order)));
	add_setting(info, &capacity, "schedule", xstrdup(schedule_text(settings->schedule)));
	add_setting(info, &capacity, "locks", xstrdup(settings->locks ? "on" : "off"));
	add_setting(info, &capacity, "gil", xstrdup(option_gil_text(settings->gil)));
	add_setting(info, &capacity, "slice", xprintf("%u tests", settings->slice));
	add_setting(info, &capacity, "budget",
		    settings->budget < BUDGET_ALL ? xprintf("%g s", settings->budget)
						  : xstrdup("none"));
	add_setting(info, &capacity, "timeout", xprintf("%g s", settings->timeout));
	add_setting(info, &capacity, "memory", xprintf("%" PRIu64 " MiB", settings->memory));
	add_setting(info, &capacity, "jobs",
		    xprintf("%u", settings->jobs ? settings->jobs : default_jobs()));
}

/* The lists of the collator, as the report owns them. */
static void fill_lists(const struct run *run, struct run_info *info)
{
	size_t count;
	const struct run_hook *hooks = collator_hooks(run->collator, &count);
	info->hooks = xcalloc(count, sizeof *info->hooks);
	info->hook_count = count;
	for (size_t i = 0; i < count; i++)
		info->hooks[i] = (struct run_hook){ xstrdup(hooks[i].name), hooks[i].live,
						    xstrdup(hooks[i].why) };
	collator_tell_limits(run->collator);
	const char *const *notes = collator_notes(run->collator, &count);
	info->notes = xcalloc(count, sizeof *info->notes);
	info->note_count = count;
	for (size_t i = 0; i < count; i++)
		info->notes[i] = xstrdup(notes[i]);
	info->rules = suppress_rules(run->suppressions, &info->rule_count);
	info->locks = collator_locks(run->collator, &info->lock_count);
	info->slow_count = run->result.slow_count;
	info->slow = xcalloc(info->slow_count, sizeof *info->slow);
	for (size_t i = 0; i < info->slow_count; i++) {
		const struct slow_test *slow = &run->result.slow[i];
		info->slow[i] = (struct run_slow){ xstrdup(run->tests.tests[slow->test].id),
						   slow->seconds };
	}
	if (run->result.matrix)
		info->types = matrix_take(run->result.matrix, &info->type_count);
}

/*
 * How many of the selected tests have had their turn, in this run or an earlier one. A deck holds
 * each test once; where it stands is in the store.
 */
static uint64_t tests_tried(const struct run *run)
{
	uint64_t deck = 0, count = run->tests.count, tried = run->result.tests_distinct;
	char **left = NULL;
	size_t left_count = 0;
	if (run->settings->replay_given || run->settings->gate)
		return tried < count ? tried : count;
	if (store_deck(run->store, &deck) || store_leftovers(run->store, &left, &left_count))
		return tried < count ? tried : count;
	for (size_t i = 0; i < left_count; i++)
		free(left[i]);
	free(left);
	uint64_t dealt = deck < count ? deck : count;
	if (deck < 2 * count) /* what a later deck left over was tried in the first */
		dealt -= left_count < dealt ? left_count : dealt;
	tried = dealt > tried ? dealt : tried;
	return tried < count ? tried : count;
}

static void fill_info(const struct run *run, struct run_info *info, double seconds)
{
	const struct pool_result *result = &run->result;
	struct collate_counters counters = collator_counters(run->collator);
	const char *python =
		result->python_version ? result->python_version : run->environment.version;
	*info = (struct run_info){
		.suite = xstrdup(run->suite.record),
		.suite_file = xstrdup(run->suite.file),
		.version = xstrdup(FTSTRESS_VERSION),
		.python = xstrdup(run->environment.python),
		.python_version = xstrdup(python),
		.seed = xprintf("%016" PRIx64, run->settings->seed),
		.command = command_line(run->invocation->program, run->invocation->argc,
					run->invocation->argv),
		.started = run->stored.started,
		.ended = time(NULL),
		.seconds = seconds,
		.iterations_planned = run->settings->iterations,
		.iterations_done = run->stored.iterations_done + result->iterations_done,
		.iterations_gil_on = result->iterations_gil_on,
		.tests_run = result->tests_run,
		.tests_distinct = result->tests_distinct,
		.tests_total = run->tests.total,
		.tests_thread_unsafe = run->tests.unsafe,
		.tests_skipped = result->tests_skipped + run->tests.skipped,
		.tests_threaded = result->tests_threaded,
		.tests_turns = result->tests_turns,
		.tests_overlap = result->tests_overlap,
		.tests_selected = run->tests.count,
		.tests_tried = tests_tried(run),
		.threads_least = result->threads_least,
		.threads_most = result->threads_most,
		.alone_why = xstrdup(run->tests.unsafe_why),
		.tests_passed = result->tests_passed,
		.tests_failing = result->tests_failing,
		.failing_test = xstrdup(result->failing_test),
		.failing_why = xstrdup(result->failing_why),
		.failing_where = xstrdup(result->failing_where),
		.records = counters.records,
		.records_lost = counters.records_lost,
		.interrupted = result->interrupted,
		.replay = run->settings->replay_given,
	};
	fill_settings(run, info);
	fill_lists(run, info);
}

static const char *why_nothing_ran(const struct pool_result *result)
{
	if (result->tests_cut)
		return "no test came to its end before --duration was over; the notes name those that "
		       "ran";
	if (!result->iterations_done)
		return "there was no time for an iteration";
	return result->tests_skipped ? "the tests skip themselves"
				     : "no test came to its turn; see the notes";
}

/* Findings that tell why no test passed: the process under them went, or their replay came. */
static bool explains_itself(const struct run *run)
{
	size_t count;
	const struct finding *const *findings = collator_findings(run->collator, &count);
	for (size_t i = 0; i < count; i++) {
		if (kind_info(findings[i]->kind)->ends_process)
			return true;
	}
	return count && run->settings->replay_given;
}

/* The exit code of a run that came to its end, or was interrupted. */
static int exit_code(const struct run *run, int code)
{
	if (code)
		return code;
	if (run->result.interrupted)
		return EXIT_INTERRUPTED;
	struct collate_counters counters = collator_counters(run->collator);
	if (counters.by_status[STATUS_NEW])
		return EXIT_FINDINGS;
	if (!run->result.tests_run && !run->stored.iterations_done)
		return fail(EXIT_NOTHING_PASSED, "nothing ran: %s", why_nothing_ran(&run->result));
	if (!run->result.tests_passed && !run->stored.iterations_done && !explains_itself(run))
		return fail(EXIT_NOTHING_PASSED,
			    "nothing passed: %" PRIu64 " of %" PRIu64 " tests failed every time, "
			    "so what they are for was not tested",
			    run->result.tests_failing, run->result.tests_distinct);
	return EXIT_CLEAN;
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

static int finish(struct run *run, int code, double seconds)
{
	progress_close(run->progress);
	run->progress = NULL;
	struct run_info info;
	fill_info(run, &info, seconds);
	info.exit_code = exit_code(run, code);
	size_t count;
	const struct finding *const *findings = collator_findings(run->collator, &count);
	struct report_input input = { &info, findings, count };
	enum store_state state = run->result.interrupted || code ? RUN_INTERRUPTED : RUN_FINISHED;
	int failed = run->result.store_failed
			     ? code
			     : store_run_end(run->store, run->stored.id, state, &info);
	int unwritten = outcome_write(run->settings, &input, !failed);
	code = failed ? failed : unwritten ? unwritten : info.exit_code;
	if (code == EXIT_INTERRUPTED)
		tell_resume(run);
	run_info_clear(&info);
	return code;
}

static void settle(struct run *run)
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

/* For as long as the pairs took, but a minute at least. */
static int take_evidence(struct run *run, double seconds)
{
	struct evidence_options options = { .collator = run->collator,
					    .store = run->store,
					    .suite = &run->suite,
					    .environment = &run->environment,
					    .paths = &run->paths,
					    .progress = run->progress,
					    .total = seconds > 60 ? seconds : 60,
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
					   .progress = run->progress,
					   .total = seconds > 60 ? seconds : 60,
					   .stop = run->invocation->stop };
	return results_take(&options);
}

/* From the store being open to the exit code. */
static int run_opened(struct run *run)
{
	settle(run);
	warn_of_turns(run->settings);
	int code = course_take_leftovers(&run->course, run->settings, run->store);
	if (!code)
		code = begin_run(run);
	if (!code)
		code = load_suppressions(run);
	if (!code)
		code = scratch_make(&run->scratch);
	if (code)
		return code;
	open_collator(run);
	double started = now_seconds();
	code = run_pool(run);
	if (!code && run->settings->pairs && !run->result.interrupted)
		code = take_evidence(run, now_seconds() - started);
	if (!code && run->settings->results && run->settings->pairs && !run->result.interrupted)
		code = take_results(run, now_seconds() - started);
	return finish(run, code, now_seconds() - started);
}

static void run_clear(struct run *run)
{
	progress_close(run->progress);
	if (run->collator)
		collator_close(run->collator);
	collator_close(run->as_written);
	if (run->suppressions)
		suppress_free(run->suppressions);
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
static int get_tests(struct run *run)
{
	run->progress = progress_open(run->settings->quiet);
	int code = environment_prepare(&run->environment, &run->suite, run->settings, &run->paths,
				       run->progress, run->invocation->stop);
	if (!code && run->settings->pairs)
		code = corpus_take(&run->suite, run->settings, &run->environment, &run->paths,
				   run->progress, run->invocation->stop);
	if (!code)
		progress_step(run->progress, "collecting tests", 0, 0);
	if (!code)
		code = tests_list_get(&run->tests, &run->suite, run->settings, &run->environment,
				      &run->paths, run->invocation->stop);
	return code;
}

int run_suite(struct settings *settings, const struct invocation *invocation)
{
	struct run run = { .invocation = invocation, .settings = settings, .lock = -1 };
	int code = load_suite(&run);
	bool only_show = settings->list || settings->plan;
	if (!code && !settings->list)
		code = open_store(&run);
	if (!code && settings->resume && !only_show)
		code = find_cut_off(&run);
	if (!code)
		code = get_tests(&run);
	if (!code && only_show) {
		progress_close(run.progress);
		run.progress = NULL;
		if (settings->replay_given)
			settings->seed = settings->replay.seed;
		settle(&run);
		if (settings->plan)
			code = course_take_leftovers(&run.course, settings, run.store);
		if (!code)
			code = show(&run);
	} else if (!code) {
		code = run_opened(&run);
	}
	run_clear(&run);
	return code;
}

int run_prepare(struct settings *settings, const struct invocation *invocation)
{
	struct run run = { .invocation = invocation, .settings = settings, .lock = -1 };
	int code = load_suite(&run);
	if (!code)
		code = get_tests(&run);
	if (!code) {
		progress_close(run.progress);
		run.progress = NULL;
		printf("%s: Python %s, %zu tests; ready\n", run.suite.name, run.environment.version,
		       run.tests.total);
	}
	run_clear(&run);
	return code;
}

int run_report(struct settings *settings, const struct invocation *invocation)
{
	struct run run = { .invocation = invocation, .settings = settings, .lock = -1 };
	struct run_info info = { 0 };
	struct finding *findings = NULL;
	size_t count = 0;
	bool found = false;
	int code = load_suite(&run);
	if (!code)
		code = open_store(&run);
	if (!code)
		code = store_run_get(run.store, 0, &run.stored, &found);
	if (!code && found)
		code = store_run_info(run.store, run.stored.id, &info, &found);
	if (!code && !found)
		code = fail(EXIT_BAD_INPUT,
			    "%s has no run of %s that came to its end (a run that was "
			    "cut off goes on with --resume)",
			    settings->output, run.suite.record);
	else if (!code)
		code = store_findings(run.store, run.stored.id, &findings, &count);
	if (!code) {
		struct finding **list = xcalloc(count, sizeof *list);
		for (size_t i = 0; i < count; i++)
			list[i] = &findings[i];
		follow_mark(list, count);
		if (count)
			qsort(list, count, sizeof *list, finding_compare);
		struct report_input input = { &info, (const struct finding *const *)list, count };
		code = outcome_write(settings, &input, true);
		free(list);
	}
	for (size_t i = 0; i < count; i++)
		finding_clear(&findings[i]);
	free(findings);
	run_info_clear(&info);
	run_clear(&run);
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
