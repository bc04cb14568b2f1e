/* environment.c - see environment.h. */
#include "runner/setup/environment.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runner/base/spawn.h"
#include "runner/base/util.h"
#include "runner/symbols/layout.h"

struct list {
	char **items;
	size_t count, capacity;
};

static void push(struct list *list, char *text)
{
	ARRAY_PUSH(list->items, list->count, list->capacity, text);
}

void variables_free(char **variables)
{
	for (size_t i = 0; variables && variables[i]; i++)
		free(variables[i]);
	free(variables);
}

/* "step\tdone\ttotal\ttext" */
void progress_line(void *arg, char *line)
{
	const char *step = strsep(&line, "\t"), *done = strsep(&line, "\t");
	const char *total = strsep(&line, "\t");
	if (step && done && total && line)
		progress_step(arg, line, strtoull(done, NULL, 10), strtoull(total, NULL, 10));
}

static void push_each(struct list *list, const char *option, const struct strings *values)
{
	for (size_t i = 0; i < values->count; i++) {
		push(list, xstrdup(option));
		push(list, xstrdup(values->items[i]));
	}
}

static char *absolute(const char *folder, const char *path)
{
	return *path == '/' ? xstrdup(path) : xprintf("%s/%s", folder, path);
}

static char **prepare_arguments(const struct suite *suite, const struct settings *settings,
				const struct paths *paths)
{
	struct list list = { 0 };
	const char *python = settings->python ? settings->python : suite->python;
	push(&list, xstrdup(paths->prepare));
	push(&list, xstrdup("suite"));
	push(&list, xstrdup("--name"));
	push(&list, xstrdup(suite->name));
	if (strchr(python, '/')) {
		char *path = realpath(python, NULL);
		push(&list, xstrdup("--python"));
		push(&list, path ? path : xstrdup(python));
	} else {
		push(&list, xstrdup("--version"));
		push(&list, xstrdup(python));
	}
	if (settings->python_debug) {
		push(&list, xstrdup("--flavour"));
		push(&list, xstrdup(option_flavour_text(true)));
	}
	/* Operations for pairs are looked for in instrumented packages. */
	if ((settings->list || settings->plan) && !settings->pairs)
		push(&list, xstrdup("--plain"));
	push_each(&list, "--install", &suite->installs);
	push_each(&list, "--require", &suite->requires);
	for (size_t i = 0; i < suite->paths.count; i++) {
		push(&list, xstrdup("--path"));
		push(&list, absolute(suite->folder, suite->paths.items[i]));
	}
	push(&list, NULL);
	return list.items;
}

static void take_list(struct strings *strings, const json_t *array)
{
	size_t i;
	json_t *item;
	json_array_foreach(array, i, item)
		ARRAY_PUSH(strings->items, strings->count, strings->capacity,
			   xstrdup(json_string_value(item) ? json_string_value(item) : ""));
}

static char *take_string(const json_t *object, const char *key)
{
	return xstrdup(json_string_value(json_object_get(object, key)));
}

/* Reads the toolchain's answer: JSON, in the last line that it prints. */
static int take_answer(struct environment *environment, struct buf *out, const char *prepare)
{
	while (out->length && out->data[out->length - 1] == '\n')
		out->data[--out->length] = '\0';
	const char *line = strrchr(out->data, '\n');
	json_t *answer = json_loads(line ? line + 1 : out->data, 0, NULL);
	environment->python = take_string(answer, "python");
	environment->plain = take_string(answer, "plain");
	environment->version = take_string(answer, "version");
	environment->recipe = take_string(answer, "recipe");
	environment->variables = take_string(answer, "variables");
	environment->library = take_string(answer, "library");
	take_list(&environment->tsan_site, json_object_get(answer, "tsan_site"));
	take_list(&environment->plain_site, json_object_get(answer, "plain_site"));
	take_list(&environment->sources, json_object_get(answer, "sources"));
	take_list(&environment->packages, json_object_get(answer, "packages"));
	json_decref(answer);
	if (environment->python && environment->plain && environment->version &&
	    environment->recipe)
		return 0;
	return fail(EXIT_INTERNAL, "%s: the answer is not what was expected: %s", prepare,
		    out->data);
}

static int share_orders(void)
{
	int file = memfd_create("ftstress-orders", MFD_CLOEXEC);
	return file > 0 ? file : 0;
}

int environment_prepare(struct environment *environment, const struct suite *suite,
			const struct settings *settings, const struct paths *paths,
			struct progress *progress, const volatile sig_atomic_t *stop)
{
	*environment = (struct environment){ 0 };
	char **arguments = prepare_arguments(suite, settings, paths);
	struct spawn spawn = { .arguments = arguments,
			       .folder = suite->folder,
			       .progress_variable = "PREPARE_PROGRESS_FD",
			       .progress = progress_line,
			       .arg = progress,
			       .stop = stop };
	struct spawned spawned;
	int code = spawn_run(&spawn, &spawned);
	if (!code && spawned.status == 0) {
		code = take_answer(environment, &spawned.out, paths->prepare);
		if (!code && environment->library)
			environment->layout = layout_file(paths->cache, environment->library,
							  environment->version);
	} else if (!code) {
		if (message_before)
			message_before();
		fputs(spawned.err.data, stderr);
		if (spawned.err.length == 0)
			fail(0, "%s ended with status %d", paths->prepare, spawned.status);
		code = EXIT_BAD_INPUT;
	}
	spawned_clear(&spawned);
	variables_free(arguments);
	if (code)
		environment_clear(environment);
	else
		environment->orders = share_orders();
	return code;
}

void environment_clear(struct environment *environment)
{
	free(environment->python);
	free(environment->plain);
	free(environment->version);
	free(environment->recipe);
	free(environment->variables);
	free(environment->library);
	free(environment->layout);
	if (environment->orders)
		close(environment->orders);
	strings_clear(&environment->tsan_site);
	strings_clear(&environment->plain_site);
	strings_clear(&environment->sources);
	strings_clear(&environment->packages);
	*environment = (struct environment){ 0 };
}

/*
 * Our own environment, without variables that would change the interpreter, or that are ftstress's.
 */
static void push_inherited(struct list *list)
{
	static const char *const dropped[] = { "PYTHON",       "LD_PRELOAD=",    "TSAN_OPTIONS=",
					       "ASAN_OPTIONS", "FTSTRESS_",      "PREPARE_",
					       "PYTEST_",      "RUST_BACKTRACE=" };
	for (char **variable = environ; *variable; variable++) {
		bool drop = false;
		for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++)
			drop = drop || strncmp(*variable, dropped[i], strlen(dropped[i])) == 0;
		if (!drop)
			push(list, xstrdup(*variable));
	}
}

static void push_path(struct list *list, const char *stress, const struct strings *site)
{
	struct buf path = { 0 };
	buf_printf(&path, "PYTHONPATH=%s", stress);
	for (size_t i = 0; i < site->count; i++)
		buf_printf(&path, ":%s", site->items[i]);
	push(list, buf_take(&path));
}

/* Where the packages are whose types are shared (stress/ftstress_driver/sharing.py). */
static void push_share(struct list *list, const struct environment *environment,
		       const struct suite *suite, const struct settings *settings)
{
	struct buf sites = { 0 };
	buf_puts(&sites, "FTSTRESS_SHARE=");
	for (size_t i = 0; i < environment->tsan_site.count && suite->installs.count; i++)
		buf_printf(&sites, "%s%s", i ? ":" : "", environment->tsan_site.items[i]);
	push(list, buf_take(&sites));
	push(list,
	     xprintf("FTSTRESS_PYTHON_CLASSES=%s", option_classes_text(settings->python_classes)));
}

/*
 * Which Python code is looked at for races on Python variables (interpose/variables/), and where the
 * table for it is; "none": there is none, and the library says so.
 */
static void push_python_races(struct list *list, const struct environment *environment,
			      const struct settings *settings)
{
	const char *table = environment->variables;
	if (!settings_python_every(settings))
		return;
	push(list, xprintf("FTSTRESS_VARIABLES=%s", table && *table ? table : "none"));
	char *races = option_python_races_text(settings->python_races);
	push(list, xprintf("FTSTRESS_PYTHON_RACES=%s", races));
	if (settings->gate)
		push(list, xstrdup("FTSTRESS_CONFIRM=off"));
	else if (environment->orders)
		push(list,
		     xprintf("FTSTRESS_ORDERS=/proc/%d/fd/%d", (int)getpid(), environment->orders));
	free(races);
}

/* The variables of the suite's [env]. They replace ours of the same name. */
static void push_suite(struct list *list, const struct suite *suite)
{
	for (size_t i = 0; i < suite->env_count; i++) {
		const struct suite_pair *pair = &suite->env[i];
		size_t length = strlen(pair->key);
		for (size_t j = 0; j < list->count; j++) {
			if (strncmp(list->items[j], pair->key, length) != 0 ||
			    list->items[j][length] != '=')
				continue;
			free(list->items[j]);
			list->items[j] = list->items[--list->count];
			break;
		}
		push(list, xprintf("%s=%s", pair->key, pair->value));
	}
}

/*
 * No PYTHONDONTWRITEBYTECODE: under ThreadSanitizer it takes 30 s to compile NumPy's modules anew.
 */
static void push_common(struct list *list)
{
	push(list, xstrdup("PYTHONNOUSERSITE=1"));
	push(list, xstrdup("PYTHONUTF8=1"));
	/* A panic would read debug information, in instrumented code: a minute each. */
	push(list, xstrdup("RUST_BACKTRACE=0"));
}

static void push_driver(struct list *list, const struct strings *site, const struct suite *suite,
			const struct paths *paths)
{
	push_inherited(list);
	push_path(list, paths->stress, site);
	push_common(list);
	push(list, xstrdup("FTSTRESS_DEBUG=1")); /* on an error the driver prints a traceback */
	push_suite(list, suite);
}

char **variables_plain(const struct environment *environment, const struct suite *suite,
		       const struct paths *paths)
{
	struct list list = { 0 };
	push_driver(&list, &environment->plain_site, suite, paths);
	push(&list, NULL);
	return list.items;
}

char **variables_evidence(const struct environment *environment, const struct suite *suite,
			  const struct paths *paths, bool instrumented)
{
	struct list list = { 0 };
	push_driver(&list, instrumented ? &environment->tsan_site : &environment->plain_site, suite,
		    paths);
	push(&list, xstrdup("PYTHON_GIL=0"));
	if (instrumented)
		push(&list, xstrdup("TSAN_OPTIONS=report_bugs=0:handle_segv=0:handle_abort=0:"
				    "die_after_fork=0"));
	push(&list, NULL);
	return list.items;
}

/*
 * Parts of a thread's history in ThreadSanitizer that are kept besides two, 32,768 entries and 256 KiB each. TSan 22
 * takes more than the seven of its documentation. To look for a race's other side it reads all of them; what a pair
 * does fits into less.
 */
#define HISTORY "30"
#define HISTORY_OF_PAIRS "7"

char **variables_alone(const struct environment *environment, const struct suite *suite)
{
	struct list list = { 0 };
	const struct strings *site = &environment->tsan_site;
	push_inherited(&list);
	push(&list, xprintf("PYTHONPATH=%s", site->count ? site->items[0] : ""));
	push_common(&list);
	push(&list, xstrdup("PYTHON_GIL=0"));
	push(&list, xstrdup("TSAN_OPTIONS=history_size=" HISTORY ":die_after_fork=0:handle_segv=0:"
			    "handle_sigbus=0:handle_abort=0"));
	push_suite(&list, suite);
	push(&list, NULL);
	return list.items;
}

char **variables_zygote(const struct environment *environment, const struct suite *suite,
			const struct settings *settings, const struct paths *paths, uint64_t seed,
			enum worker_kind kind, const char *scratch)
{
	struct list list = { 0 };
	push_inherited(&list);
	push_path(&list, paths->stress, &environment->tsan_site);
	push_common(&list);
	push(&list, xprintf("PYTHONHASHSEED=%" PRIu32, (uint32_t)(seed ^ seed >> 32)));
	push(&list, xprintf("LD_PRELOAD=%s", paths->library));
	push(&list, xprintf("FTSTRESS_CONTROL_FD=%d", WORKER_CONTROL_FD));
	if (environment->layout)
		push(&list, xprintf("%s=%s", FTS_ENV_LAYOUT, environment->layout));
	push(&list, xprintf("TMPDIR=%s", scratch));
	/* A debug build else puts words of its own around each block, where objects begin. */
	if (settings->python_debug)
		push(&list, xstrdup("PYTHONMALLOC=mimalloc"));
	/* Else Python's allocator frees memory by the clock, and no run is like another. */
	push(&list, xstrdup("MIMALLOC_PURGE_DELAY=-1"));
	enum order_level order = kind == WORKER_AS_WRITTEN ? ORDER_AS_WRITTEN : settings->order;
	push(&list, xprintf("FTSTRESS_HAPPENS_BEFORE=%s", option_order_text(order)));
	if (settings->leaks && kind != WORKER_PAIRS && kind != WORKER_AS_WRITTEN)
		push(&list, xstrdup("FTSTRESS_LEAKS=1"));
	if (settings->share && kind != WORKER_PAIRS)
		push_share(&list, environment, suite, settings);
	if (kind != WORKER_AS_WRITTEN)
		push_python_races(&list, environment, settings);
	if (settings->count_log)
		push(&list, xstrdup("FTSTRESS_COUNT_LOG=1"));
	push(&list, xprintf("FTSTRESS_LOCKS=%s", settings->locks ? "on" : "off"));
	if (settings->meet_locks)
		push(&list, xprintf("FTSTRESS_LOCKS_MEET=%" PRIu64, settings->meet_locks));
	push(&list, xprintf("FTSTRESS_HEAP=%s", option_heap_text(settings->heap)));
	/* Not set if it is mixed: then an extension that needs the GIL switches it on; that is
	 * reported, and its tests run apart. */
	if (kind == WORKER_GIL)
		push(&list, xstrdup("PYTHON_GIL=1"));
	else if (kind == WORKER_AS_WRITTEN || kind == WORKER_PAIRS || settings->gil == GIL_OFF)
		push(&list, xstrdup("PYTHON_GIL=0"));
	/*
	 * handle_...: TSan's own signal handlers deadlock. symbolize, exitcode: nobody looks at
	 * TSan's text and exit status. abort_on_error: where TSan itself gives up, as on a pointer
	 * that free() never gave out, that is a crash with its stacks. history_size: how far back the
	 * other side of a race may be. die_after_fork: an iteration is a fork, and tests fork, too.
	 * detect_deadlocks: if libftstress.so looks for lock orders, TSan must not report them as well.
	 */
	push(&list,
	     xprintf("TSAN_OPTIONS=handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:"
		     "handle_abort=0:symbolize=0:halt_on_error=0:abort_on_error=1:exitcode=0:"
		     "history_size=%s:"
		     "report_signal_unsafe=0:die_after_fork=0:detect_deadlocks=%d",
		     kind == WORKER_PAIRS ? HISTORY_OF_PAIRS : HISTORY, !settings->locks));
	push_suite(&list, suite);
	push(&list, NULL);
	return list.items;
}
