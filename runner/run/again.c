/* again.c - see again.h. */
#include "runner/run/again.h"

#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/text.h"
#include "runner/base/util.h"
#include "runner/model/lock_kind.h"
#include "runner/run/stores.h"
#include "runner/setup/scratch.h"

/* ---- what is known ---- */

/* Is it a file, and not the name of one that comes with ftstress, or of a store? */
static bool names_file(const char *suite)
{
	return strchr(suite, '/') || strchr(suite, '.');
}

/* The suite and the kind of run that stored options are of. --suite can say where its file is now. */
static int read_options(struct again *again, const char *options)
{
	struct settings then;
	json_t *arguments = json_loads(options, 0, NULL);
	size_t count = json_array_size(arguments);
	char **argv = xcalloc(count + 1, sizeof *argv);
	for (size_t i = 0; i < count; i++)
		argv[i] = (char *)json_string_value(json_array_get(arguments, i));
	settings_init(&then);
	int code = count ? options_parse(&then, (int)count, argv) : 0;
	free(argv);
	json_decref(arguments);
	const char *asked = again->settings->suite;
	if (!code)
		again->suite =
			xstrdup(asked && (names_file(asked) || !then.suite) ? asked : then.suite);
	again->settings->pairs = then.pairs;
	settings_clear(&then);
	if (!code && !again->suite)
		code = fail(EXIT_BAD_INPUT,
			    "the store does not say which suite the run was of that found %s: add "
			    "--suite",
			    again->target.id);
	return code;
}

/* Those of a run that counted turns come first: it is an ordinary one. */
static void prefer(struct again *again, int64_t run)
{
	struct store_witness *sorted = xcalloc(again->witness_count, sizeof *sorted);
	size_t count = 0;
	for (int other = 0; other < 2; other++)
		for (size_t i = 0; i < again->witness_count; i++)
			if ((again->witnesses[i].run != run) == other)
				sorted[count++] = again->witnesses[i];
	free(again->witnesses);
	again->witnesses = sorted;
}

static int find_witnesses(struct again *again, struct store *store)
{
	struct store_run run = { 0 };
	bool found = false;
	int code =
		store_witnesses(store, again->target.id, &again->witnesses, &again->witness_count);
	prefer(again, again->history.counted);
	if (!code && again->witness_count)
		code = store_run_get(store, again->witnesses[0].run, &run, &found);
	if (!code && (!found || !run.options))
		code = fail(EXIT_BAD_INPUT,
			    "%s came with no iteration that can be repeated; `ftstress show` tells "
			    "what is known of it",
			    again->target.id);
	if (!code)
		again->options = xstrdup(run.options);
	store_run_clear(&run);
	return code;
}

int again_find(struct again *again, struct settings *settings, const struct invocation *invocation,
	       const char *purpose)
{
	struct store *store = NULL;
	*again = (struct again){
		.run = { .invocation = invocation, .settings = settings, .lock = -1 },
		.settings = settings,
		.purpose = purpose,
		.done = { .purpose = purpose }
	};
	if (!settings->finding)
		return fail(EXIT_BAD_INPUT,
			    "which finding? ftstress %s ID; the id, or its beginning, stands in "
			    "the report",
			    purpose);
	int code = stores_find_of(settings->output, settings->suite, settings->finding, &store,
				  &again->record, &again->target);
	if (!code)
		code = history_get(store, again->target.id, &again->history);
	if (!code)
		code = store_tries_of(store, again->target.id, "repro", again->history.since,
				      again->history.last, &again->before);
	if (!code)
		code = find_witnesses(again, store);
	store_close(store);
	return code ? code : read_options(again, again->options);
}

void again_print_title(const struct again *again)
{
	struct buf line = { 0 };
	buf_printf(&line, "%s: ", again->target.id);
	text_add_line(&line, again->target.title ? again->target.title : "");
	puts(line.data);
	fflush(stdout);
	buf_free(&line);
}

/* ---- the run ---- */

static bool asks_for(const struct invocation *invocation, const char *option)
{
	for (int i = 1; i < invocation->argc; i++)
		if (!strcmp(invocation->argv[i], option))
			return true;
	return false;
}

/* Of the earlier run what decides how its tests run, and not how long it was or what it told. */
static void set_length(struct again *again)
{
	struct settings *settings = again->settings;
	settings->resume = settings->list = settings->plan = false;
	settings->quiet = asks_for(again->run.invocation, "--quiet");
	settings->verbose = asks_for(again->run.invocation, "--verbose");
	settings->budget = BUDGET_ALL;
	if (!settings->duration_given)
		settings->duration = 0;
}

/* Of a lock order: the kinds of its locks, which its title has, a bit each. */
static uint64_t lock_kinds_of(const struct finding *finding)
{
	uint64_t kinds = 0;
	for (uint32_t kind = 1; finding->kind == FINDING_LOCK_ORDER && kind < 64; kind++)
		if (finding->title && strstr(finding->title, lock_kind_name(kind)) &&
		    strcmp(lock_kind_name(kind), lock_kind_name(0)) != 0)
			kinds |= 1ull << kind;
	return kinds;
}

/* The first token of the run decides whether it is of pairs in an ordinary run; `replay`: it may be. */
static void set_replay(struct again *again, bool replay)
{
	struct settings *settings = again->settings;
	struct replay_token token = { 0 };
	settings->replay_given = false;
	settings->replay = token;
	for (size_t i = 0; i < again->witness_count; i++) {
		if (again->witnesses[i].run != again->witnesses[0].run)
			return;
		if (!replay_token_parse(again->witnesses[i].token, &token) ||
		    (token.pairs && !replay))
			continue;
		settings->replay_given = replay;
		settings->replay = token;
		session_replay_pairs(&again->run);
		return;
	}
}

/* "NumPy" and "numpy", "a.b" and "a-b" are one package's names. How long the name in `text` is, 0: it is another. */
static size_t same_package(const char *text, const char *with)
{
	size_t length = strcspn(text, " =<>!~[;@");
	if (length != strcspn(with, " =<>!~[;@"))
		return 0;
	for (size_t i = 0; i < length; i++) {
		bool separators = strchr("-_.", text[i]) && strchr("-_.", with[i]);
		if (!separators &&
		    tolower((unsigned char)text[i]) != tolower((unsigned char)with[i]))
			return 0;
	}
	return length;
}

/* The package in another version; pip's options stay. */
static int replace_install(struct again *again)
{
	struct strings *installs = &again->run.suite.installs;
	for (size_t i = 0; again->install && i < installs->count; i++) {
		if (!same_package(installs->items[i], again->install))
			continue;
		const char *options = strchr(installs->items[i], ' ');
		char *text = xprintf("%s%s", again->install, options ? options : "");
		free(installs->items[i]);
		installs->items[i] = text;
		return 0;
	}
	return again->install
		       ? fail(EXIT_BAD_INPUT,
			      "%s installs no such package: the name before == has to stand in "
			      "its `install`",
			      again->run.suite.file)
		       : 0;
}

static int begin(struct again *again)
{
	struct run *run = &again->run;
	session_settle(run);
	run->settings->iterations = 0; /* the strategy ends it */
	int code = session_begin(run);
	if (!code)
		code = store_tries_put(run->store, run->stored.id, again->target.id, &again->done);
	if (!code)
		code = scratch_make(&run->scratch);
	if (!code)
		code = session_open_collator(run);
	if (code)
		return code;
	ways_init(&again->ways, run->course.plan, run->settings, run->tests.tests, run->tests.count,
		  again->witnesses, again->witness_count);
	again->ways.seed = run->settings->seed ^ (uint64_t)run->stored.id * 0x9e3779b97f4a7c15ull;
	return 0;
}

int again_open(struct again *again, bool replay)
{
	struct run *run = &again->run;
	again->began = now_seconds();
	run->options = again->options;
	free(again->settings->suite);
	again->settings->suite = xstrdup(again->suite);
	int code = session_load_suite_as(run, again->options);
	if (code)
		return code;
	free(again->settings->suite); /* the command line may have named the store */
	again->settings->suite = xstrdup(again->suite);
	set_length(again);
	set_replay(again, replay);
	again->settings->meet_locks = lock_kinds_of(&again->target);
	/* Pairs of an ordinary run have that run's store. */
	free(run->suite.record);
	run->suite.record = xstrdup(again->record);
	if (again->folder) {
		free(again->settings->output);
		again->settings->output = xstrdup(again->folder);
	}
	code = replace_install(again);
	if (!code)
		code = session_open_store(run);
	if (!code)
		code = session_load_baseline(run);
	if (code)
		return code;
	code = session_get_tests(run);
	again->unbuilt = code == EXIT_BAD_INPUT && !run->environment.plain;
	return code ? code : begin(again);
}

int again_hunt(struct again *again, const struct hunt_strategy *strategy, void *context)
{
	struct run *run = &again->run;
	const struct hunt_field field = { &again->target,   run->settings,    run->course.plan,
					  run->tests.tests, run->tests.count, run->collator };
	run->hunt = hunt_new(&field, strategy, context);
	uint64_t memory = run->settings->memory; /* as asked for, for commands */
	int code = session_run_pool(run);
	run->settings->memory = memory;
	hunt_free(run->hunt);
	run->hunt = NULL;
	progress_close(run->progress);
	run->progress = NULL;
	return code ? code : run->result.interrupted ? EXIT_INTERRUPTED : 0;
}

int again_close(struct again *again, int code)
{
	struct run *run = &again->run;
	struct run_info info;
	if (!run->collator || run->result.store_failed)
		return code;
	session_facts(run, &info, now_seconds() - again->began);
	info.exit_code = code;
	int failed = store_tries_put(run->store, run->stored.id, again->target.id, &again->done);
	if (!failed)
		failed = store_run_end(run->store, run->stored.id,
				       code == EXIT_INTERRUPTED ? RUN_INTERRUPTED : RUN_FINISHED,
				       &info);
	run_info_clear(&info);
	return failed ? failed : code;
}

void again_clear(struct again *again)
{
	ways_clear(&again->ways);
	session_clear(&again->run);
	store_witnesses_free(again->witnesses, again->witness_count);
	finding_clear(&again->target);
	free(again->record);
	free(again->suite);
	free(again->options);
}

/* ---- what is told ---- */

void again_tell_try(const struct again *again, uint64_t number, const struct hunt_result *result)
{
	struct buf line = { 0 };
	if (again->settings->quiet)
		return;
	buf_printf(&line, "try %" PRIu64 ": ", number);
	if (!result->ran)
		buf_puts(&line, "did not run");
	else
		buf_puts(&line, result->seen ? "seen" : "not seen");
	if (result->as)
		buf_printf(&line, ", as %s, which is the same bug", result->as);
	else if (!result->seen && result->other)
		buf_printf(&line, ", but %s", result->other);
	buf_puts(&line, " (");
	ways_add_threads(&line, result);
	buf_printf(&line, ", %.1f s)", result->seconds);
	warn("%s", line.data);
	buf_free(&line);
}

int again_nothing_ran(const struct again *again)
{
	const struct ways *ways = &again->ways;
	if (!ways->count && ways->missing)
		return fail(
			EXIT_NOTHING_PASSED,
			"nothing ran: the suite no longer has the tests that showed it, such as %s",
			again->witnesses[0].test);
	return fail(EXIT_NOTHING_PASSED, "nothing ran: the test that showed it (%s) %s",
		    again->witnesses[0].test,
		    ways->count ? "did not begin; see above, or run it with --verbose"
				: "is no test of the suite");
}
