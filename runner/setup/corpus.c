/* corpus.c - see corpus.h. */
#include "runner/setup/corpus.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/base/spawn.h"
#include "runner/base/util.h"
#include "runner/setup/cache.h"
#include "runner/setup/tests_list.h"

static void push(struct strings *list, const char *text)
{
	ARRAY_PUSH(list->items, list->count, list->capacity, xstrdup(text));
}

/* The arguments of the harvest: those of the suite's driver, and some of its own. */
static char **harvest_arguments(const struct suite *suite, const struct settings *settings,
				const struct environment *environment, const char *kept,
				const char *output)
{
	char **driver =
		driver_arguments(suite, environment->plain, "ftstress_driver.pairs.harvest");
	struct strings list = { .items = driver };
	while (driver[list.count])
		list.count++;
	list.capacity = list.count + 1;
	for (size_t i = 0; i < suite->harvests.count; i++) {
		push(&list, "--target");
		push(&list, suite->harvests.items[i]);
	}
	for (size_t i = 0; i < environment->tsan_site.count && suite->installs.count; i++) {
		push(&list, "--instrumented");
		push(&list, environment->tsan_site.items[i]);
	}
	push(&list, "--python-classes");
	push(&list, option_classes_text(settings->python_classes));
	push(&list, "--kept");
	push(&list, kept);
	push(&list, "--output");
	push(&list, output);
	ARRAY_PUSH(list.items, list.count, list.capacity, NULL);
	return list.items;
}

/*
 * Makes the corpus beside its place and moves it there: two runs may do so at the same time. What is done
 * of it is kept in a third place, for a run after one that was interrupted.
 */
static int harvest(const struct suite *suite, const struct settings *settings,
		   const struct environment *environment, const struct paths *paths,
		   const struct asked *asked, const char *folder)
{
	char *temporary = xprintf("%s.%d", folder, (int)getpid());
	char *kept = xprintf("%s.part", folder);
	char **arguments = harvest_arguments(suite, settings, environment, kept, temporary);
	struct spawned spawned;
	progress_step(asked->progress, "looking at what the tests do", 0, 0);
	int code = driver_run(suite, environment, paths, asked, arguments, suite->name, &spawned);
	if (!code && rename(temporary, folder) < 0 && errno != ENOTEMPTY && errno != EEXIST)
		code = fail(EXIT_INTERNAL, "%s: %s; is the disk full?", folder, strerror(errno));
	spawned_clear(&spawned);
	variables_free(arguments);
	free(kept);
	free(temporary);
	return code;
}

static void replace(struct strings *list, const char *text)
{
	strings_clear(list);
	if (text)
		push(list, text);
}

int corpus_take(struct suite *suite, const struct settings *settings,
		const struct environment *environment, const struct paths *paths,
		struct progress *progress, const volatile sig_atomic_t *stop)
{
	const struct asked asked = { settings->verbose, progress, stop };
	int code = paths_cache_folder(paths, "pairs");
	if (code)
		return code;
	const char *classes = option_classes_text(settings->python_classes);
	char *folder = xprintf("%s/pairs/%s-%016" PRIx64, paths->cache, suite->name,
			       hash_string(tests_list_hash(suite, environment, paths), classes));
	char *file = xprintf("%s/corpus.json", folder);
	if (access(file, R_OK) != 0) {
		code = harvest(suite, settings, environment, paths, &asked, folder);
		cache_trim(paths, "pairs", suite->name);
	}
	cache_used(folder);
	free(file);
	free(suite->driver);
	suite->driver = xstrdup("pairs");
	suite->files = false;
	replace(&suite->targets, folder);
	replace(&suite->args, NULL);
	for (size_t i = 0; i < settings->type_count; i++)
		push(&suite->args, settings->types[i]);
	free(folder);
	return code;
}

bool corpus_is_python(const struct suite *suite)
{
	char *file = xprintf("%s/corpus.json", suite->targets.items[0]);
	json_t *corpus = json_load_file(file, 0, NULL);
	bool is = json_is_true(json_object_get(corpus, "in_python"));
	json_decref(corpus);
	free(file);
	return is;
}
