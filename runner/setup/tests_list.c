/* tests_list.c - see tests_list.h. */
#include "runner/setup/tests_list.h"

#include <errno.h>
#include <fnmatch.h>
#include <fts.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/base/spawn.h"
#include "runner/base/util.h"
#include "runner/setup/cache.h"

/* --- arguments ----------------------------------------------------------------------------- */

struct arguments {
	char **items;
	size_t count, capacity;
};

static void push(struct arguments *list, const char *option, const char *value)
{
	ARRAY_PUSH(list->items, list->count, list->capacity, xstrdup(option));
	if (value)
		ARRAY_PUSH(list->items, list->count, list->capacity, xstrdup(value));
}

/* Is a target a path below the suite's folder, and not the name of an installed package? */
static bool has_paths(const struct suite *suite)
{
	if (suite->files)
		return true;
	for (size_t i = 0; i < suite->targets.count; i++) {
		char *path = xprintf("%s/%s", suite->folder, suite->targets.items[i]);
		bool there = access(path, F_OK) == 0;
		free(path);
		if (there)
			return true;
	}
	return false;
}

char **driver_arguments(const struct suite *suite, const char *python, const char *module)
{
	struct arguments list = { 0 };
	push(&list, python, "-m");
	push(&list, module, NULL);
	push(&list, "--driver", suite->driver);
	if (has_paths(suite))
		push(&list, "--rootdir", suite->folder);
	for (size_t i = 0; i < suite->targets.count; i++)
		push(&list, "--target", suite->targets.items[i]);
	for (size_t i = 0; i < suite->args.count; i++) {
		char *joined = xprintf("--arg=%s", suite->args.items[i]);
		push(&list, joined, NULL);
		free(joined);
	}
	for (size_t i = 0; i < suite->unsafes.count; i++)
		push(&list, "--unsafe", suite->unsafes.items[i]);
	ARRAY_PUSH(list.items, list.count, list.capacity, NULL);
	return list.items;
}

/* --- the cache ----------------------------------------------------------------------------- */

/*
 * With the NUL at the end; and for a list with its length. Else "a" + "bc" would be like "ab" +
 * "c".
 */
static uint64_t hash_text(uint64_t hash, const char *text)
{
	return hash_bytes(hash, text, strlen(text) + 1);
}

static uint64_t hash_strings(uint64_t hash, const struct strings *strings)
{
	hash = hash_bytes(hash, &strings->count, sizeof strings->count);
	for (size_t i = 0; i < strings->count; i++)
		hash = hash_text(hash, strings->items[i]);
	return hash;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static uint64_t hash_file(uint64_t hash, const char *path, const struct stat *status)
{
	hash = hash_text(hash, path);
	hash = hash_bytes(hash, &status->st_mtim, sizeof(struct timespec));
	return hash_bytes(hash, &status->st_size, sizeof(off_t));
}

/* Hashes names, sizes and times of the files below `path` on which it depends what is collected. */
static uint64_t hash_tree(uint64_t hash, const char *path)
{
	char *const roots[] = { (char *)path, NULL };
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	for (FTSENT *entry; walk && (entry = fts_read(walk));) {
		const char *name = entry->fts_name, *dot = strrchr(name, '.');
		if (entry->fts_info == FTS_D && entry->fts_level > 0 && *name == '.')
			fts_set(walk, entry, FTS_SKIP);
		if (entry->fts_info != FTS_F || !dot)
			continue;
		if (strcmp(dot, ".py") && strcmp(dot, ".ini") && strcmp(dot, ".toml") &&
		    strcmp(dot, ".cfg"))
			continue;
		hash = hash_file(hash, entry->fts_path, entry->fts_statp);
	}
	if (walk)
		fts_close(walk);
	return hash;
}

/*
 * The same for what pytest reads in the folders above a target: its configuration, conftest files.
 */
static uint64_t hash_above(uint64_t hash, const char *target)
{
	static const char *const names[] = { "pytest.toml", ".pytest.toml",   "pytest.ini",
					     ".pytest.ini", "pyproject.toml", "tox.ini",
					     "setup.cfg",   "setup.py",       "conftest.py" };
	char *folder = realpath(target, NULL);
	for (char *slash; folder && (slash = strrchr(folder, '/'));) {
		*slash = '\0';
		for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
			char *path = xprintf("%s/%s", folder, names[i]);
			struct stat status;
			if (stat(path, &status) == 0)
				hash = hash_file(hash, path, &status);
			free(path);
		}
	}
	free(folder);
	return hash;
}

/*
 * A target may be a glob: then the folder before its first wildcard is hashed. "::" and the name of
 * a test may follow.
 */
static uint64_t hash_target(uint64_t hash, const struct suite *suite, const char *target)
{
	const char *names = strstr(target, "::");
	size_t file = names ? (size_t)(names - target) : strlen(target);
	size_t length = strcspn(target, "*?[");
	if (length >= file)
		length = file;
	else
		while (length && target[length - 1] != '/')
			length--;
	char *path = xprintf("%s/%.*s", *target == '/' ? "" : suite->folder, (int)length, target);
	struct stat status;
	if (stat(path, &status) == 0)
		hash = hash_above(hash_tree(hash, path), path);
	free(path);
	return hash;
}

uint64_t tests_list_hash(const struct suite *suite, const struct environment *environment,
			 const struct paths *paths)
{
	uint64_t hash = hash_text(0, environment->recipe);
	hash = hash_text(hash, environment->plain);
	hash = hash_text(hash, suite->driver);
	hash = hash_text(hash, suite->folder);
	hash = hash_strings(hash, &suite->targets);
	hash = hash_strings(hash, &suite->harvests);
	hash = hash_strings(hash, &suite->args);
	hash = hash_strings(hash, &suite->unsafes);
	hash = hash_strings(hash, &suite->paths);
	hash = hash_bytes(hash, &suite->env_count, sizeof suite->env_count);
	for (size_t i = 0; i < suite->env_count; i++)
		hash = hash_text(hash_text(hash, suite->env[i].key), suite->env[i].value);
	for (size_t i = 0; i < suite->paths.count; i++)
		hash = hash_target(hash, suite, suite->paths.items[i]);
	for (size_t i = 0; i < suite->targets.count; i++)
		hash = hash_target(hash, suite, suite->targets.items[i]);
	for (size_t i = 0; i < suite->harvests.count; i++)
		hash = hash_target(hash, suite, suite->harvests.items[i]);
	char *driver = xprintf("%s/ftstress_driver", paths->stress);
	hash = hash_tree(hash, driver);
	free(driver);
	return hash;
}

static char *cache_path(const struct suite *suite, const struct environment *environment,
			const struct paths *paths)
{
	return xprintf("%s/collected/%s-%016" PRIx64 ".json", paths->cache, suite->name,
		       tests_list_hash(suite, environment, paths));
}

#define TRACEBACK_HINT " (--verbose shows the traceback)"

/* --- collecting ---------------------------------------------------------------------------- */

/*
 * Reports what the driver printed before it failed. At the end stands one line of its own. A
 * traceback may stand before that; most of it is about the test framework and the driver, so it is
 * shown only with --verbose.
 */
static int tell_failure(const struct suite *suite, bool verbose, const char *what,
			const struct spawned *spawned)
{
	static const char ours[] = "ftstress: ";
	const char *text = spawned->err.data, *last = NULL;
	for (const char *at = text; (at = strstr(at, ours)); at++)
		if (at == text || at[-1] == '\n')
			last = at;
	if (!last)
		return fail(EXIT_BAD_INPUT,
			    "%s: the tests of %s can't be collected (status %d):\n%s", what,
			    suite->file, spawned->status, text);
	const char *line = last + strlen(ours);
	const char *traceback = strstr(text, "Traceback (most recent call last)");
	int length = traceback && traceback < last ? (int)(last - traceback) : 0;
	const char *between = !length ? "" : verbose ? "\n" : TRACEBACK_HINT;
	length = verbose ? length : 0;
	return fail(EXIT_BAD_INPUT, "%s: %.*s%s%.*s", what, (int)strcspn(line, "\n"), line, between,
		    length, length ? traceback : "");
}

int driver_run(const struct suite *suite, const struct environment *environment,
	       const struct paths *paths, const struct asked *asked, char *const *arguments,
	       const char *what, struct spawned *spawned)
{
	char **variables = variables_plain(environment, suite, paths);
	struct spawn spawn = { .arguments = arguments,
			       .environment = variables,
			       .folder = suite->folder,
			       .progress_variable = asked->progress ? "PREPARE_PROGRESS_FD" : NULL,
			       .progress = asked->progress ? progress_line : NULL,
			       .arg = asked->progress,
			       .stop = asked->stop };
	int code = spawn_run(&spawn, spawned);
	if (!code && spawned->status)
		code = tell_failure(suite, asked->verbose, what, spawned);
	variables_free(variables);
	return code;
}

/* Writes the list beside `path` and moves it there: two runs may do so at the same time. */
static int collect(const struct suite *suite, const struct environment *environment,
		   const struct paths *paths, const char *path, const struct asked *asked)
{
	int code = paths_cache_folder(paths, "collected");
	if (code)
		return code;
	char *temporary = xprintf("%s.%d", path, (int)getpid());
	struct arguments list = { .items = driver_arguments(suite, environment->plain,
							    "ftstress_driver.collect") };
	while (list.items[list.count])
		list.count++;
	list.capacity = list.count + 1;
	push(&list, "--output", temporary);
	ARRAY_PUSH(list.items, list.count, list.capacity, NULL);
	struct spawned spawned;
	code = driver_run(suite, environment, paths, asked, list.items, suite->name, &spawned);
	if (!code && rename(temporary, path) < 0)
		code = fail(EXIT_INTERNAL, "%s: %s; is the disk full?", path, strerror(errno));
	unlink(temporary);
	spawned_clear(&spawned);
	variables_free(list.items);
	free(temporary);
	return code;
}

/* --- selecting ----------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Gets the ids that the expression selects, sorted. `path`: of the list; NULL: is it an expression? */
static int select_ids(const struct suite *suite, const char *expression,
		      const struct environment *environment, const struct paths *paths,
		      const char *path, struct strings *ids, const struct asked *asked)
{
	char *const arguments[] = { environment->plain,
				    "-m",
				    "ftstress_driver.collect",
				    "--select",
				    (char *)expression,
				    path ? "--input" : NULL,
				    (char *)path,
				    NULL };
	struct spawned spawned;
	int code = driver_run(suite, environment, paths, asked, arguments, "--tests", &spawned);
	for (char *rest = spawned.out.data, *line; !code && (line = strsep(&rest, "\n"));)
		if (*line)
			ARRAY_PUSH(ids->items, ids->count, ids->capacity, xstrdup(line));
	spawned_clear(&spawned);
	if (ids->count)
		qsort(ids->items, ids->count, sizeof *ids->items, by_text);
	return code;
}

/* Is the test this node, or in it: a folder, a file, a class, a function with parameters? */
static bool is_in(const char *id, const char *node)
{
	size_t length = strlen(node);
	if (strncmp(id, node, length) != 0)
		return false;
	const char *rest = id + length;
	return !*rest || *rest == '/' || *rest == '[' || (rest[0] == ':' && rest[1] == ':');
}

/* Does --tests say an id, and no expression? That of a test, or of what tests are in, as pytest's own: all of
 * FILE::CLASS. A word without "/" and "::" is an expression. */
static bool take_id(const json_t *tests, const char *text, struct strings *ids)
{
	bool path = strchr(text, '/') || strstr(text, "::");
	size_t i;
	json_t *test;
	const char *id;
	json_array_foreach(tests, i, test)
	{
		id = json_string_value(json_object_get(test, "id"));
		if (id && strcmp(id, text) == 0) {
			ARRAY_PUSH(ids->items, ids->count, ids->capacity, xstrdup(id));
			return true;
		}
	}
	json_array_foreach(tests, i, test)
	{
		id = json_string_value(json_object_get(test, "id"));
		if (id && path && is_in(id, text))
			ARRAY_PUSH(ids->items, ids->count, ids->capacity, xstrdup(id));
	}
	if (ids->count)
		qsort(ids->items, ids->count, sizeof *ids->items, by_text);
	return ids->count > 0;
}

static bool matches(const struct strings *patterns, const char *id)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (strcmp(patterns->items[i], id) == 0 || fnmatch(patterns->items[i], id, 0) == 0)
			return true;
	return false;
}

static int by_id(const void *a, const void *b)
{
	const struct plan_test *left = a, *right = b;
	return strcmp(left->id, right->id);
}

/* How often each reason was given, for tests that run in one thread. There are few reasons. */
struct reasons {
	struct reason {
		const char *text; /* of the document */
		size_t count;
	} *items;
	size_t count, capacity;
};

static void count_reason(struct reasons *reasons, const char *text)
{
	size_t i = 0;
	while (i < reasons->count && strcmp(reasons->items[i].text, text) != 0)
		i++;
	if (i == reasons->count)
		ARRAY_PUSH(reasons->items, reasons->count, reasons->capacity,
			   ((struct reason){ text, 0 }));
	reasons->items[i].count++;
}

static char *most_given(struct reasons *reasons)
{
	const struct reason *most = reasons->items;
	for (size_t i = 1; i < reasons->count; i++)
		if (reasons->items[i].count > most->count)
			most = &reasons->items[i];
	char *text = most ? xstrdup(most->text) : NULL;
	free(reasons->items);
	return text;
}

static void take_tests(struct tests_list *list, const json_t *tests, const struct suite *suite,
		       const struct strings *selected)
{
	size_t i, capacity = 0;
	struct reasons reasons = { 0 };
	const char *before = NULL; /* the file of the test before: they are sorted by id */
	json_t *test;
	json_array_foreach(tests, i, test)
	{
		const char *id = json_string_value(json_object_get(test, "id"));
		const char *file = json_string_value(json_object_get(test, "file"));
		if (!id)
			continue;
		list->total++;
		list->files += !before || !file || strcmp(before, file) != 0;
		before = file;
		if (selected && (!selected->count || !bsearch(&id, selected->items, selected->count,
							      sizeof *selected->items, by_text)))
			continue;
		if (matches(&suite->skips, id)) {
			list->skipped++;
			continue;
		}
		const char *unsafe = json_string_value(json_object_get(test, "unsafe"));
		list->unsafe += unsafe != NULL;
		if (unsafe)
			count_reason(&reasons, unsafe);
		unsigned stage = (unsigned)json_integer_value(json_object_get(test, "stage"));
		ARRAY_PUSH(list->tests, list->count, capacity,
			   ((struct plan_test){ xstrdup(id), xstrdup(file ? file : id), stage }));
	}
	list->unsafe_why = most_given(&reasons);
	if (list->count)
		qsort(list->tests, list->count, sizeof *list->tests, by_id);
}

/*
 * Files that could not be imported: they get a line on the terminal, and are kept for the report.
 */
static void take_errors(struct tests_list *list, const json_t *errors, const struct suite *suite)
{
	size_t i;
	json_t *error;
	json_array_foreach(errors, i, error)
	{
		const char *file = json_string_value(json_object_get(error, "file"));
		const char *text = json_string_value(json_object_get(error, "message"));
		if (file && matches(&suite->skips, file))
			continue;
		if (!list->errors.count) {
			list->unimported_file = xstrdup(file ? file : "a file");
			list->unimported_why = xstrdup(text);
		}
		list->files++;
		char *line = xprintf("%s can't be imported: %s", file ? file : "a file",
				     text ? text : "");
		ARRAY_PUSH(list->errors.items, list->errors.count, list->errors.capacity, line);
	}
	if (list->errors.count == 1)
		warn("%s", list->errors.items[0]);
	else if (list->errors.count)
		warn("%zu files of tests can't be imported; the report lists them; the first: %s",
		     list->errors.count, list->errors.items[0]);
}

/*
 * Notes on what of the suite does not count as written. They are printed when the suite is
 * collected, and kept for the report.
 */
static void take_notes(struct tests_list *list, const json_t *notes, bool collected)
{
	size_t i;
	json_t *note;
	json_array_foreach(notes, i, note)
	{
		const char *text = json_string_value(note);
		if (!text)
			continue;
		if (collected)
			warn("%s", text);
		ARRAY_PUSH(list->notes.items, list->notes.count, list->notes.capacity,
			   xstrdup(text));
	}
}

static int nothing_imported(const struct suite *suite, const struct settings *settings,
			    const json_t *errors)
{
	const json_t *first = json_array_get(errors, 0);
	const char *file = json_string_value(json_object_get(first, "file"));
	const char *text = json_string_value(json_object_get(first, "message"));
	const char *traceback = json_string_value(json_object_get(first, "traceback"));
	bool more = traceback && *traceback;
	size_t count = json_array_size(errors);
	return fail(EXIT_NOTHING_PASSED,
		    "nothing ran: %s: %s%zu file%s of tests can't be imported%s; %s: %s%s%s",
		    suite->file, count > 1 ? "all " : "", count, count > 1 ? "s" : "",
		    count > 1 ? ", the first" : "", file ? file : "a file", text ? text : "",
		    !more               ? ""
		    : settings->verbose ? "\n"
					: TRACEBACK_HINT,
		    more && settings->verbose ? traceback : "");
}

/* Reports why no test is left. */
static int nothing(const struct tests_list *list, const struct suite *suite,
		   const struct settings *settings, const json_t *document)
{
	const json_t *errors = json_object_get(document, "errors");
	const char *where = json_string_value(json_object_get(document, "where"));
	if (!list->total && json_array_size(errors))
		return nothing_imported(suite, settings, errors);
	if (!list->total)
		return fail(EXIT_NOTHING_PASSED, "nothing ran: %s has no tests: %s", suite->file,
			    where ? where : "");
	if (settings->tests && !list->skipped)
		return fail(EXIT_NOTHING_PASSED,
			    "nothing ran: none of the %zu tests matches --tests \"%s\"; "
			    "--list in place of --tests shows them",
			    list->total, settings->tests);
	return fail(EXIT_NOTHING_PASSED, "nothing ran: %s skips all of the tests", suite->file);
}

int tests_list_check(const struct suite *suite, const struct settings *settings,
		     const struct environment *environment, const struct paths *paths,
		     const volatile sig_atomic_t *stop)
{
	const struct asked asked = { settings->verbose, NULL, stop };
	struct strings none = { 0 };
	/* An id need not be an expression. */
	if (!settings->tests || strstr(settings->tests, "::"))
		return 0;
	return select_ids(suite, settings->tests, environment, paths, NULL, &none, &asked);
}

int tests_list_get(struct tests_list *list, const struct suite *suite,
		   const struct settings *settings, const struct environment *environment,
		   const struct paths *paths, const volatile sig_atomic_t *stop)
{
	*list = (struct tests_list){ 0 };
	const struct asked asked = { settings->verbose, NULL, stop };
	char *path = cache_path(suite, environment, paths);
	struct strings selected = { 0 };
	json_t *document = json_load_file(path, 0, NULL);
	bool collected = !document;
	int code = 0;
	if (collected)
		code = collect(suite, environment, paths, path, &asked);
	if (!code && !document) {
		json_error_t error;
		document = json_load_file(path, 0, &error);
		if (!document)
			code = fail(EXIT_INTERNAL, "%s: %s", path, error.text);
	}
	cache_used(path);
	if (collected)
		cache_trim(paths, "collected", suite->name);
	if (!code && settings->tests &&
	    !take_id(json_object_get(document, "tests"), settings->tests, &selected))
		code = select_ids(suite, settings->tests, environment, paths, path, &selected,
				  &asked);
	if (!code) {
		take_notes(list, json_object_get(document, "notes"), collected);
		take_tests(list, json_object_get(document, "tests"), suite,
			   settings->tests ? &selected : NULL);
		if (!list->count)
			code = nothing(list, suite, settings, document);
		else
			take_errors(list, json_object_get(document, "errors"), suite);
	}
	json_decref(document);
	strings_clear(&selected);
	free(path);
	if (code)
		tests_list_clear(list);
	return code;
}

void tests_list_clear(struct tests_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free((char *)list->tests[i].id);
		free((char *)list->tests[i].file);
	}
	free(list->tests);
	free(list->unsafe_why);
	free(list->unimported_file);
	free(list->unimported_why);
	strings_clear(&list->errors);
	strings_clear(&list->notes);
	*list = (struct tests_list){ 0 };
}
