/* begin.c - see session.h. The suite, the settings and the store of a run, new or cut off. */
#include "runner/run/session.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "runner/base/util.h"
#include "runner/run/outcome.h"
#include "runner/run/pairs.h"
#include "runner/setup/drivers.h"
#include "runner/store/store.h"

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
	bool again = settings->command != COMMAND_RUN; /* its slices are of the size of then */
	if (!code && count && (again || (!settings->iterations_given && !settings->duration_given)))
		settings->iterations = iterations;
	if (!settings->suite)
		settings->suite = xstrdup(name);
	free(name);
	return code ? code : formats_check(settings->formats);
}

int session_read_suite(const struct run *run, struct suite *suite)
{
	struct drivers drivers = { 0 };
	int code = drivers_load(&drivers, run->paths.stress);
	if (!code)
		code = suite_load(suite, run->settings->suite, run->paths.suites, &drivers);
	drivers_clear(&drivers);
	return code;
}

/* A token of pairs in an ordinary run: this one is of pairs alone, and has the same store. */
void session_replay_pairs(struct run *run)
{
	if (!run->settings->replay_given || !run->settings->replay.pairs || run->settings->pairs)
		return;
	uint64_t iterations = run->settings->iterations;
	settings_set_pairs(run->settings);
	settings_set_pairs(&run->base);
	run->settings->pairs = true;
	run->settings->python_classes = pairs_classes(run->settings->python_classes);
	run->settings->iterations = iterations;
}

int session_load_suite(struct run *run)
{
	return session_load_suite_as(run, NULL);
}

int session_load_suite_as(struct run *run, const char *options)
{
	if (!run->settings->suite)
		return fail(EXIT_BAD_INPUT, "which suite? ftstress --suite NAME (`ftstress suites` "
					    "lists them; ftstress --help tells more)");
	int code = paths_find(&run->paths);
	if (!code)
		code = session_read_suite(run, &run->suite);
	if (!code)
		code = read_settings(run, options);
	if (!code && run->settings->pairs) {
		free(run->suite.record);
		run->suite.record = xprintf("%s-pairs", run->suite.name);
	}
	if (!code)
		session_replay_pairs(run);
	return code;
}

static char *store_path(const struct run *run)
{
	return xprintf("%s/%s.db", run->settings->output, run->suite.record);
}

int session_open_store(struct run *run)
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

int session_find_cut_off(struct run *run)
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

int session_begin(struct run *run)
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
				    .options = run->options ? xstrdup(run->options)
							    : arguments_text(run->invocation) };
	return store_run_begin(run->store, &run->stored, &run->stored.id);
}

/* Of pairs one thread runs at a time; threads that overlap want a core each. */
unsigned session_jobs(const struct settings *settings)
{
	if (settings->jobs)
		return settings->jobs;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	if (settings->pairs && cores > 0)
		return (unsigned)cores;
	return cores > 3 ? (unsigned)(cores / 2) : 1;
}
