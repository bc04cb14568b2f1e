/*
 * bisect.c - `ftstress bisect ID --package NAME==A..B`: which version of the package is the first that shows a finding?
 *
 *     2.3.0   2.3.1   2.3.2   2.3.3   2.4.0
 *     clean                           shows     the two ends first: then the search is worth its builds
 *                     shows                     the one in the middle; if it can't be built, one beside it
 *             clean                             2.3.2
 *
 * What is known of a version is written down, DIR/bisect-ID/NAME.txt: a search that is cut off goes on there, and what
 * was built is in the cache. The runs have a store there, too, so that what they see of old versions does not change
 * what is known of the suite.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/spawn.h"
#include "runner/base/util.h"
#include "runner/model/rate.h"
#include "runner/run/again.h"
#include "runner/run/run.h"

#define TRIES_LEAST 5u
#define TRIES_MOST 20u

enum verdict { UNTRIED, CLEAN, SHOWS, UNBUILT };
static const char *const verdict_words[] = { "untried", "clean", "shows", "unbuilt" };

struct version {
	char *name;
	enum verdict verdict;
	uint64_t tries, seen;
};

struct bisect {
	const struct invocation *invocation;
	char *package, *first, *last;
	struct version *versions;
	size_t count, capacity;
	char *folder, *file;
	uint64_t most; /* tries of one that does not show it */
	/* The present version. */
	struct again again;
	struct version *now;
	bool all_tries; /* it is also measured how often it comes */
};

/* ---- one version ---- */

static bool next_try(void *context, struct hunt_try *next)
{
	struct bisect *b = context;
	const struct version *v = b->now;
	bool enough = b->all_tries ? v->seen >= TRIES_LEAST : v->seen > 0;
	return !enough && v->tries < b->most && ways_next(&b->again.ways, next);
}

static void took_try(void *context, const struct hunt_result *result)
{
	struct bisect *b = context;
	ways_took(&b->again.ways, result);
	b->now->tries += result->ran;
	b->now->seen += result->seen;
}

static const struct hunt_strategy strategy = { next_try, took_try };

/* The versions that there are. Returns 0 or an exit code. */
static int list_versions(struct bisect *b, const char *python, const struct paths *paths)
{
	char *script = xprintf("%s/toolchain/lib/versions.py", paths->stress);
	char *const arguments[] = { (char *)python, script, b->package, b->first, b->last, NULL };
	struct spawn spawn = { .arguments = arguments, .stop = b->invocation->stop };
	struct spawned spawned;
	int code = spawn_run(&spawn, &spawned);
	if (!code && spawned.status)
		code = fail(EXIT_BAD_INPUT, "the versions of %s are not known: %s", b->package,
			    spawned.err.data ? spawned.err.data : "pip failed");
	char *rest = code ? NULL : spawned.out.data, *line;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			ARRAY_PUSH(b->versions, b->count, b->capacity,
				   ((struct version){ .name = xstrdup(line) }));
	spawned_clear(&spawned);
	free(script);
	if (!code && b->count < 2)
		code = fail(EXIT_BAD_INPUT,
			    "the index has %zu versions of %s from %s to %s as source: there is "
			    "nothing to search",
			    b->count, b->package, b->first, b->last);
	return code;
}

static void print_version(const struct bisect *b, const struct version *v)
{
	struct buf line = { 0 };
	buf_printf(&line, "%s %s: ", b->package, v->name);
	if (v->verdict == UNBUILT)
		buf_puts(&line, "can't be built");
	else if (v->verdict == CLEAN)
		buf_printf(&line, "not seen in %" PRIu64 " tries", v->tries);
	else
		buf_printf(&line, "seen, in %" PRIu64 " of %" PRIu64 " tries", v->seen, v->tries);
	puts(line.data);
	fflush(stdout);
	buf_free(&line);
}

/* Runs it with the version whose name is given; `list`: then lists the others. */
static int run_version(struct bisect *b, const char *name, struct version *v, bool list)
{
	struct settings settings;
	settings_init(&settings);
	char *install = xprintf("%s==%s", b->package, name);
	int code = options_parse(&settings, b->invocation->argc, b->invocation->argv);
	b->now = v;
	if (!code)
		code = again_find(&b->again, &settings, b->invocation, "bisect");
	b->again.install = install;
	b->again.folder = b->folder;
	if (!code) {
		code = again_open(&b->again, true);
		if (b->again.unbuilt) {
			v->verdict = UNBUILT;
			code = 0;
		} else if (!code) {
			code = again_hunt(&b->again, &strategy, b);
			v->verdict = v->seen ? SHOWS : CLEAN;
			if (!code && !v->tries)
				code = again_nothing_ran(&b->again);
			code = again_close(&b->again, code);
		}
	}
	if (!code && list && !b->count)
		code = v->verdict == UNBUILT
			       ? fail(EXIT_NOTHING_PASSED, "%s can't be built", install)
			       : list_versions(b, b->again.run.environment.plain,
					       &b->again.run.paths);
	again_clear(&b->again);
	settings_clear(&settings);
	free(install);
	return code;
}

/* ---- what is written down ---- */

static int keep(const struct bisect *b)
{
	FILE *out = make_folders(b->folder) ? NULL : fopen(b->file, "we");
	for (size_t i = 0; out && i < b->count; i++)
		fprintf(out, "%s %s %" PRIu64 " %" PRIu64 "\n", b->versions[i].name,
			verdict_words[b->versions[i].verdict], b->versions[i].seen,
			b->versions[i].tries);
	if (!out || fclose(out) != 0)
		return fail(EXIT_INTERNAL, "%s: %s", b->file, strerror(errno));
	return 0;
}

static void recall(struct bisect *b)
{
	char *text = read_file(b->file, NULL), *rest = text, *line;
	while ((line = strsep(&rest, "\n")) && *line) {
		struct version v = { .name = xstrdup(strsep(&line, " ")) };
		const char *word = line ? strsep(&line, " ") : "";
		for (size_t i = 0; i < sizeof verdict_words / sizeof *verdict_words; i++)
			if (!strcmp(word, verdict_words[i]))
				v.verdict = (enum verdict)i;
		char *end = line;
		v.seen = line ? strtoull(line, &end, 10) : 0;
		v.tries = line ? strtoull(end, NULL, 10) : 0;
		ARRAY_PUSH(b->versions, b->count, b->capacity, v);
	}
	free(text);
}

/* ---- the search ---- */

static int settle(struct bisect *b, size_t i)
{
	struct version *v = &b->versions[i];
	int code = v->verdict == UNTRIED ? run_version(b, v->name, v, false) : 0;
	if (!code) {
		print_version(b, v);
		code = keep(b);
	}
	return code;
}

/* The untried one nearest to the middle of those between; SIZE_MAX: there is none. */
static size_t middle(const struct bisect *b, size_t clean, size_t shows)
{
	size_t best = SIZE_MAX, at = clean + (shows - clean) / 2;
	for (size_t i = clean + 1; i < shows; i++) {
		size_t far = i > at ? i - at : at - i;
		size_t other = best > at ? best - at : at - best;
		if (b->versions[i].verdict != UNBUILT && (best == SIZE_MAX || far < other))
			best = i;
	}
	return best;
}

static void print_first(const struct bisect *b, size_t clean, size_t shows)
{
	struct buf line = { 0 };
	buf_printf(&line, "%s %s is the first that shows it; %s does not", b->package,
		   b->versions[shows].name, b->versions[clean].name);
	for (size_t i = clean + 1; i < shows; i++)
		buf_printf(&line, "%s%s", i == clean + 1 ? ". In between can't be built: " : ", ",
			   b->versions[i].name);
	printf("%s.\n", line.data);
	buf_free(&line);
}

/* How often one that does not show it is tried: half of the rate of the last version is good enough. */
static void set_most(struct bisect *b)
{
	const struct version *v = &b->versions[b->count - 1];
	uint64_t tries = v->tries ? rate_tries((double)v->seen / (double)v->tries / 2) : 0;
	b->most = tries < TRIES_LEAST ? TRIES_LEAST : tries > TRIES_MOST ? TRIES_MOST : tries;
}

static int search(struct bisect *b)
{
	size_t clean = 0, shows = b->count - 1;
	int code = settle(b, shows);
	set_most(b);
	if (!code && b->versions[shows].verdict == SHOWS)
		code = settle(b, clean);
	if (code)
		return code;
	if (b->versions[shows].verdict != SHOWS || b->versions[clean].verdict != CLEAN) {
		printf("Nothing can be searched for: %s %s has to show it, and %s must not.\n",
		       b->package, b->versions[shows].name, b->versions[clean].name);
		return EXIT_NOTHING_PASSED;
	}
	for (size_t at; !code && (at = middle(b, clean, shows)) != SIZE_MAX;) {
		code = settle(b, at);
		if (b->versions[at].verdict == SHOWS)
			shows = at;
		else if (b->versions[at].verdict == CLEAN)
			clean = at;
	}
	if (!code)
		print_first(b, clean, shows);
	return code;
}

/* The last version is run before the others are known: then there is an interpreter whose pip can be asked. */
static int begin(struct bisect *b)
{
	struct version last = { .name = b->last };
	recall(b);
	if (b->count)
		return 0;
	b->all_tries = true;
	int code = run_version(b, b->last, &last, true);
	b->all_tries = false;
	if (code)
		return code;
	struct version *v = &b->versions[b->count - 1];
	v->verdict = last.verdict;
	v->seen = last.seen;
	v->tries = last.tries;
	return 0;
}

int run_bisect(const struct settings *settings, const struct invocation *invocation)
{
	if (!settings->finding || !settings->package)
		return fail(EXIT_BAD_INPUT, "which finding of which package? ftstress bisect ID "
					    "--package numpy==2.3.0..2.4.6");
	const char *from = strstr(settings->package, "=="), *to = strstr(from, "..");
	struct bisect b = { .invocation = invocation, .most = TRIES_MOST };
	b.package = xstrndup(settings->package, (size_t)(from - settings->package));
	b.first = xstrndup(from + 2, (size_t)(to - from - 2));
	b.last = xstrdup(to + 2);
	b.folder = xprintf("%s/bisect-%s", settings->output, settings->finding);
	b.file = xprintf("%s/%s.txt", b.folder, settings->package);
	int code = begin(&b);
	if (!code)
		code = search(&b);
	for (size_t i = 0; i < b.count; i++)
		free(b.versions[i].name);
	free(b.versions);
	free(b.package);
	free(b.first);
	free(b.last);
	free(b.folder);
	free(b.file);
	return code;
}
