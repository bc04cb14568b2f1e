/* collators.c - see session.h. */
#include "reports/settle.h"
#include "runner/run/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "runner/base/util.h"
#include "runner/collate/baseline.h"
#include "runner/collate/collate.h"
#include "runner/collate/known.h"
#include "runner/collate/policy.h"
#include "runner/collate/suppress.h"
#include "runner/setup/command.h"
#include "runner/symbols/layout.h"

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

static char *path_in_suite(const struct run *run, const char *name)
{
	return *name == '/' ? xstrdup(name) : xprintf("%s/%s", run->suite.folder, name);
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
		char *path = path_in_suite(run, run->suite.suppressions.items[i]);
		code = suppress_load(run->suppressions, path, STATUS_SUPPRESSED);
		free(path);
	}
	return code ? code : load_upstream(run);
}

int session_load_baseline(struct run *run)
{
	const struct settings *settings = run->settings;
	const struct strings *own = &run->suite.baselines;
	char today[16];
	time_t now = time(NULL);
	struct tm local;
	int code = 0;
	if (!settings->baseline_count && !own->count)
		return 0;
	localtime_r(&now, &local);
	strftime(today, sizeof today, "%Y-%m-%d", &local);
	run->baseline = baseline_new(today);
	for (size_t i = 0; i < settings->baseline_count; i++) {
		int bad = baseline_load(run->baseline, settings->baselines[i]);
		code = code ? code : bad;
	}
	for (size_t i = 0; i < own->count; i++) {
		char *path = path_in_suite(run, own->items[i]);
		int bad = baseline_load(run->baseline, path);
		code = code ? code : bad;
		free(path);
	}
	return code;
}

char *session_baseline_path(const struct run *run)
{
	if (run->settings->baseline_count)
		return xstrdup(run->settings->baselines[0]);
	return run->suite.baselines.count ? path_in_suite(run, run->suite.baselines.items[0])
					  : NULL;
}

/* The suite's files, then ours; and what the corpus says of operations, if this is a run of pairs. */
static int load_policy(struct run *run)
{
	run->policy = policy_new();
	int code = 0;
	for (size_t i = 0; !code && i < run->suite.policies.count; i++) {
		char *path = path_in_suite(run, run->suite.policies.items[i]);
		code = policy_load(run->policy, path);
		free(path);
	}
	char *folder = xprintf("%s/policy", run->paths.stress);
	if (!code)
		code = policy_load_folder(run->policy, folder);
	free(folder);
	if (!code && run->settings->pairs)
		policy_learn(run->policy, run->suite.targets.items[0]);
	return code;
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

/* A Python that does not say how it is laid out is taken to be as our own build of its release. */
static void note_layout(const struct run *run)
{
	const struct environment *environment = &run->environment;
	unsigned major, minor;
	if (environment->layout || !environment->library ||
	    sscanf(environment->version, "%u.%u", &major, &minor) != 2)
		return;
	char *release = layout_release(major, minor);
	char *note =
		xprintf("%s has no debug information that says how CPython's structures are laid "
			"out: they are taken to be as in ftstress's own build of CPython %s, and "
			"compared where the interpreter itself tells debuggers (_PyRuntime). "
			"Compile it with -g to have them read",
			environment->library, release ? release : environment->version);
	collator_note(run->collator, note);
	free(note);
	free(release);
}

int session_open_collator(struct run *run)
{
	int code = load_suppressions(run);
	if (!code)
		code = load_policy(run);
	if (code)
		return code;
	run->command = command_replay(run->invocation->program, run->settings, &run->base);
	struct collate_options options = {
		.symbolizer = symbolizer(),
		.suite = run->suite.record,
		.command = run->command,
		.suppressions = run->suppressions,
		.policy = run->policy,
		.baseline = run->baseline,
		.store = run->store,
		.run = run->stored.id,
		.site_dirs = (const char *const *)run->environment.tsan_site.items,
		.site_dir_count = run->environment.tsan_site.count,
		.source_dirs = (const char *const *)run->environment.sources.items,
		.source_dir_count = run->environment.sources.count,
	};
	options.as_written = run->settings->order == ORDER_AS_WRITTEN;
	options.settle = settle_findings;
	run->collator = collator_open(&options);
	/* Not in the gate: who meets whom in time is another result every time. */
	if (run->settings->order == ORDER_MEANT && !run->settings->gate && !run->settings->pairs) {
		options.store = NULL;
		options.suppressions = NULL;
		options.baseline = NULL;
		run->as_written = collator_open(&options);
	}
	for (size_t i = 0; i < run->tests.errors.count; i++)
		collator_note(run->collator, run->tests.errors.items[i]);
	for (size_t i = 0; i < run->tests.notes.count; i++)
		collator_note(run->collator, run->tests.notes.items[i]);
	note_layout(run);
	return 0;
}
