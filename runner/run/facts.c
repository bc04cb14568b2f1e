/* facts.c - see session.h. */
#include "runner/run/session.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runner/base/util.h"
#include "runner/collate/collate.h"
#include "runner/collate/suppress.h"
#include "runner/model/kinds.h"
#include "runner/model/matrix.h"
#include "runner/run/pairs.h"
#include "runner/setup/command.h"
#include "runner/store/store.h"
#include "runner/store/values.h"

static void add_setting(struct run_info *info, size_t *capacity, const char *name, char *value)
{
	size_t count = info->setting_count * 2;
	ARRAY_PUSH(info->settings, count, *capacity, xstrdup(name));
	ARRAY_PUSH(info->settings, count, *capacity, value);
	info->setting_count++;
}

/* "package,tests, one iteration in 4" */
static char *python_races_text(const struct settings *settings)
{
	unsigned every = settings_python_every(settings);
	char *where = option_python_races_text(every ? settings->python_races : 0);
	if (every < 2 || settings->gate)
		return where;
	char *text = xprintf("%s, the first time, then one iteration in %u", where, every);
	free(where);
	return text;
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
	add_setting(info, &capacity, "heap", xstrdup(option_heap_text(settings->heap)));
	add_setting(info, &capacity, "python races", python_races_text(settings));
	if (settings->python_debug)
		add_setting(info, &capacity, "python flavour", xstrdup(option_flavour_text(true)));
	add_setting(info, &capacity, "gil", xstrdup(option_gil_text(settings->gil)));
	if (!settings->pairs)
		add_setting(
			info, &capacity, "pairs",
			settings->pairs_every
				? suite_has_types(&run->suite)
					  ? xprintf("one iteration in %u", settings->pairs_every)
					  : xstrdup("none: the suite installs no package, so "
						    "no type is its own")
				: xstrdup("off"));
	if (settings->share)
		add_setting(info, &capacity, "share", xstrdup("on"));
	if (settings->leaks)
		add_setting(info, &capacity, "leaks", xstrdup("on"));
	add_setting(info, &capacity, "slice", xprintf("%u tests", settings->slice));
	add_setting(info, &capacity, "budget",
		    settings->budget < BUDGET_ALL ? xprintf("%g s", settings->budget)
						  : xstrdup("none"));
	add_setting(info, &capacity, "timeout", xprintf("%g s", settings->timeout));
	add_setting(info, &capacity, "memory", xprintf("%" PRIu64 " MiB", settings->memory));
	add_setting(info, &capacity, "jobs", xprintf("%u", session_jobs(settings)));
}

/* "multidict, frozenlist": what the suite installs, by its names; NULL = nothing. */
static char *package_names(const struct run *run)
{
	const struct strings *packages = &run->environment.packages;
	if (!packages->count)
		return suite_is_of_cpython(&run->suite) ? xstrdup("CPython") : NULL;
	struct buf names = { 0 };
	for (size_t i = 0; i < packages->count; i++) {
		buf_puts(&names, i ? ", " : "");
		buf_puts(&names, packages->items[i]);
	}
	return buf_take(&names);
}

/* The corpus of the run's pairs, or NULL. To be released. */
static json_t *corpus_of(const struct run *run)
{
	const struct suite *suite = run->settings->pairs ? &run->suite : pairs_suite(run->pairs);
	if (!suite || !run->result.matrix)
		return NULL;
	char *path = xprintf("%s/corpus.json", suite->targets.items[0]);
	json_t *corpus = json_load_file(path, 0, NULL);
	free(path);
	return corpus;
}

/* Is it the entry of the type, or of another way to make it, "m.T@2"? */
static bool is_entry_of(const char *entry, const char *type)
{
	size_t length = strcspn(entry, "@");
	return strlen(type) == length && strncmp(entry, type, length) == 0;
}

/* What the corpus says of the types: what they are made out of, and which methods it can't call. */
static void fill_types(json_t *corpus, struct run_info *info)
{
	json_t *entry;
	size_t at;
	json_array_foreach(json_object_get(corpus, "types"), at, entry)
	{
		const char *name = json_string_value(json_object_get(entry, "name"));
		struct run_type *type = info->types;
		while (name && type < info->types + info->type_count &&
		       !is_entry_of(name, type->name))
			type++;
		if (!name || type == info->types + info->type_count)
			continue;
		if (!type->base_count)
			type->bases = value_get_texts(entry, "bases", &type->base_count);
		if (!strchr(name, '@'))
			type->uncalled = value_get_texts(entry, "uncalled", &type->uncalled_count);
	}
}

/* Has any pair with this operation come back, or had a finding? */
static bool is_met(const struct run_type *type, size_t operation)
{
	const char *row = type->states + operation * type->operation_count;
	for (size_t i = 0; i < type->operation_count; i++)
		if (row[i] != CELL_LETTERS[CELL_NOT_RUN] &&
		    row[i] != CELL_LETTERS[CELL_NOT_EXERCISED])
			return true;
	return false;
}

static void fill_covered(const struct run *run, struct run_info *info)
{
	struct run_covered *covered = &info->covered;
	covered->objects_shared = run->result.objects_shared;
	memcpy(covered->functions, run->result.functions, sizeof covered->functions);
	covered->shares_itself = run->suite.files;
	uint64_t functions = 0;
	for (size_t i = 0; i < COVER_KINDS; i++)
		functions += covered->functions[i];
	/* Of a package in Python alone there is nothing to say. */
	if (functions || run->result.matrix || suite_is_of_cpython(&run->suite))
		covered->package = package_names(run);
	json_t *corpus = corpus_of(run);
	covered->types_not_made = json_array_size(json_object_get(corpus, "not_made"));
	fill_types(corpus, info);
	json_decref(corpus);
	covered->types = info->type_count + covered->types_not_made;
	for (size_t i = 0; i < info->type_count; i++) {
		const struct run_type *type = &info->types[i];
		uint64_t met = 0;
		for (size_t k = 0; k < type->operation_count; k++)
			met += is_met(type, k);
		covered->types_met += met > 0;
		covered->operations_met += met;
		covered->operations += met ? type->operation_count + type->uncalled_count : 0;
		covered->uncalled += met ? type->uncalled_count : 0;
	}
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
						    hooks[i].off, xstrdup(hooks[i].why) };
	collator_tell_limits(run->collator);
	const char *const *notes = collator_notes(run->collator, &count);
	info->notes = xcalloc(count, sizeof *info->notes);
	info->note_count = count;
	for (size_t i = 0; i < count; i++)
		info->notes[i] = xstrdup(notes[i]);
	info->rules = suppress_rules(run->suppressions, &info->rule_count);
	if (run->baseline)
		info->rules = baseline_add_rules(run->baseline, info->rules, &info->rule_count);
	info->locks = collator_locks(run->collator, &info->lock_count);
	info->counts = collator_counts(run->collator, &info->count_count);
	info->slow_count = run->result.slow_count;
	info->slow = xcalloc(info->slow_count, sizeof *info->slow);
	for (size_t i = 0; i < info->slow_count; i++) {
		const struct slow_test *slow = &run->result.slow[i];
		info->slow[i] = (struct run_slow){ xstrdup(run->tests.tests[slow->test].id),
						   slow->seconds };
	}
	if (run->result.matrix)
		info->types = matrix_take(run->result.matrix, &info->type_count);
	fill_covered(run, info);
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
	strings_free(left, left_count);
	uint64_t dealt = deck < count ? deck : count;
	if (deck < 2 * count) /* what a later deck left over was tried in the first */
		dealt -= left_count < dealt ? left_count : dealt;
	tried = dealt > tried ? dealt : tried;
	return tried < count ? tried : count;
}

enum { UNTRIED_MAX = 200 };

static int by_name(const void *name, const void *turns)
{
	return strcmp(name, ((const struct report_turns *)turns)->test);
}

/* The first of the tests that never had a turn, where turns are counted. */
static void set_untried(const struct run *run, struct run_info *info)
{
	struct report_turns *turns;
	size_t count, capacity = 0;
	if (info->tests_tried >= info->tests_selected || run->settings->replay_given ||
	    run->settings->explore || run->settings->pairs ||
	    store_turns(run->store, 0, &turns, &count))
		return;
	for (size_t i = 0; i < run->tests.count && info->untried_count < UNTRIED_MAX; i++) {
		const char *test = run->tests.tests[i].id;
		if (!count || !bsearch(test, turns, count, sizeof *turns, by_name))
			ARRAY_PUSH(info->untried, info->untried_count, capacity, xstrdup(test));
	}
	store_turns_free(turns, count);
}

enum { DRAWS_MAX = 10000 };

/* How the iterations of the plan ran: what it says, without what was run besides. */
static void set_draws(const struct run *run, struct run_info *info)
{
	const struct settings *settings = run->settings;
	uint64_t count = run->stored.iterations_done + run->result.iterations_done;
	if (settings->replay_given || settings->explore || settings->gate || settings->pairs)
		return;
	info->draw_count = count < DRAWS_MAX ? (size_t)count : DRAWS_MAX;
	info->draws = xcalloc(info->draw_count + 1, sizeof *info->draws);
	for (size_t i = 0; i < info->draw_count; i++) {
		struct trial_plan trial;
		plan_draw(settings, (struct replay_token){ .seed = settings->seed, .iteration = i },
			  &trial);
		info->draws[i] = (struct run_draw){ .threads = trial.threads,
						    .interval = trial.switch_interval,
						    .gil = trial.gil };
		snprintf(info->draws[i].schedule, sizeof info->draws[i].schedule, "%s",
			 schedule_text(trial.schedule));
	}
}

void session_facts(const struct run *run, struct run_info *info, double seconds)
{
	const struct pool_result *result = &run->result;
	struct collate_counters counters = collator_counters(run->collator);
	const char *python =
		result->python_version ? result->python_version : run->environment.version;
	bool plain = run->tests.errors.count > 0;
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
		.tests_apart = result->tests_apart,
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
		.files = run->tests.files,
		.files_unimported = run->tests.errors.count + result->files_unimported,
		.unimported_file =
			xstrdup(plain ? run->tests.unimported_file : result->unimported_file),
		.unimported_why =
			xstrdup(plain ? run->tests.unimported_why : result->unimported_why),
		.records = counters.records,
		.records_lost = counters.records_lost,
		.pairs = result->pairs,
		.interrupted = result->interrupted,
		.replay = run->settings->replay_given,
	};
	fill_settings(run, info);
	fill_lists(run, info);
	set_draws(run, info);
	set_untried(run, info);
}

static const char *why_nothing_ran(const struct pool_result *result)
{
	if (result->tests_cut)
		return "no test came to its end before --duration was over; the notes name those that "
		       "ran";
	if (!result->iterations_done)
		return "there was no time for an iteration";
	if (result->files_unimported)
		return "the files of tests can't be imported";
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
int session_exit_code(const struct run *run, int code)
{
	if (code)
		return code;
	if (run->result.interrupted)
		return EXIT_INTERRUPTED;
	size_t findings; /* what only comes of another one has its status by this */
	collator_findings(run->collator, &findings);
	struct collate_counters counters = collator_counters(run->collator);
	if (counters.by_status[STATUS_NEW])
		return EXIT_FINDINGS;
	if (!run->result.tests_run && !run->stored.iterations_done)
		return fail(EXIT_NOTHING_PASSED, "nothing ran: %s", why_nothing_ran(&run->result));
	if (!run->result.tests_passed && !run->settings->share && !run->stored.iterations_done &&
	    !explains_itself(run))
		return fail(EXIT_NOTHING_PASSED,
			    "nothing passed: %" PRIu64 " of %" PRIu64 " tests failed every time, "
			    "so what they are for was not tested",
			    run->result.tests_failing, run->result.tests_distinct);
	return EXIT_CLEAN;
}
