/* alone.c - see alone.h. */
#include "runner/run/alone.h"

#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/base/spawn.h"
#include "runner/base/util.h"
#include "runner/model/fingerprint.h"
#include "runner/model/kinds.h"
#include "runner/model/matrix.h"

#define TRIES 2u
#define SECONDS 90.0 /* for all of them */
#define LIMIT "60"   /* for one, which has rounds of its own */

/* Can something else than ftstress see that it came? */
static bool shows_to_others(const struct finding *finding)
{
	return finding_is_race(finding) || finding->kind == FINDING_CRASH ||
	       finding_is_endless(finding) || finding->kind == FINDING_TEST_FAILURE;
}

/* ---- does it show? ---- */

/* The name as ThreadSanitizer prints it: without what stands in parentheses. */
static bool names(const char *text, const char *end, const char *function)
{
	size_t length = strcspn(function, "(");
	for (const char *at = text; (at = memmem(at, (size_t)(end - at), function, length)); at++)
		if (at[length] == ' ' || at[length] == '(' || at[length] == '<')
			return true;
	return false;
}

/* Are the C functions of all sides in the report? Python's own are not in its stacks. */
static bool has_sides(const struct finding *finding, const char *report, const char *end)
{
	size_t named = 0;
	for (size_t i = 0; i < finding->participant_count; i++) {
		const struct stack *stack = &finding->participants[i].stack;
		size_t site = site_frame(stack);
		if (site == SITE_NONE || stack->frames[site].language == FRAME_PYTHON)
			continue;
		if (!names(report, end, stack->frames[site].function))
			return false;
		named++;
	}
	return named > 0;
}

static bool has_race(const struct finding *finding, const char *printed)
{
	static const char begins[] = "WARNING: ThreadSanitizer:";
	for (const char *report = strstr(printed, begins); report;) {
		const char *next = strstr(report + 1, begins);
		const char *end = next ? next : report + strlen(report);
		if (has_sides(finding, report, end))
			return true;
		report = next;
	}
	return false;
}

/* Did the exception that failed the test end a thread? As Python prints it, but for its module. */
static bool has_failure(const struct finding *finding, const char *printed)
{
	const char *said = finding->said ? finding->said : "";
	size_t length = strcspn(said, ":,");
	const char *dot = memrchr(said, '.', length);
	const char *name = dot ? dot + 1 : said;
	length -= (size_t)(name - said);
	const char *at = strstr(printed, "Traceback (most recent");
	while (at && length && (at = memmem(at + 1, strlen(at + 1), name, length)))
		if (strchr("\n.", at[-1]) && strchr(":\n", at[length]))
			return true;
	return false;
}

bool alone_shows(const struct finding *finding, const char *printed, int status)
{
	if (finding_is_race(finding))
		return has_race(finding, printed);
	if (finding->kind == FINDING_CRASH)
		return status > 128 && status != 128 + SIGKILL;
	if (finding_is_endless(finding))
		return strstr(printed, "Timeout (0:00:") != NULL || status == 128 + SIGKILL;
	return finding->kind == FINDING_TEST_FAILURE && has_failure(finding, printed);
}

/* ---- it is written, and tried ---- */

static int write_script(const struct run *run, const struct finding *finding, const char *test,
			unsigned threads, struct alone *alone)
{
	char *count = xprintf("%u", threads);
	char *folder = realpath(run->settings->output, NULL);
	char *path =
		xprintf("%s/repro_%s.py", folder ? folder : run->settings->output, finding->id);
	const struct strings *site = &run->environment.tsan_site;
	char *const arguments[] = { run->environment.plain,
				    (char *)"-m",
				    (char *)"ftstress_driver.standalone",
				    (char *)"--driver",
				    run->suite.driver,
				    (char *)"--folder",
				    run->suite.folder,
				    (char *)"--id",
				    finding->id,
				    (char *)"--title",
				    finding->title ? finding->title : finding->id,
				    (char *)"--threads",
				    count,
				    (char *)"--site",
				    site->count ? site->items[0] : (char *)"",
				    (char *)"--",
				    (char *)test,
				    path,
				    NULL };
	char **variables = variables_plain(&run->environment, &run->suite, &run->paths);
	struct spawn spawn = { .arguments = arguments,
			       .environment = variables,
			       .folder = run->suite.folder,
			       .stop = run->invocation->stop };
	struct spawned spawned;
	int code = spawn_run(&spawn, &spawned);
	json_t *said = code ? NULL : json_loads(spawned.out.data ? spawned.out.data : "", 0, NULL);
	alone->lines = (uint64_t)json_integer_value(json_object_get(said, "lines"));
	if (alone->lines)
		alone->path = xstrdup(path);
	else if (!code)
		alone->why = xstrdup(json_is_object(said)
					     ? json_string_value(json_object_get(said, "why"))
					     : "the process that writes it failed");
	json_decref(said);
	spawned_clear(&spawned);
	variables_free(variables);
	free(path);
	free(folder);
	free(count);
	return code;
}

static int try_script(const struct run *run, const struct finding *finding, struct alone *alone)
{
	char *const arguments[] = { (char *)"timeout",
				    (char *)"-s",
				    (char *)"KILL",
				    (char *)LIMIT,
				    run->environment.python,
				    alone->path,
				    NULL };
	char **variables = variables_alone(&run->environment, &run->suite);
	struct spawn spawn = { .arguments = arguments,
			       .environment = variables,
			       .folder = run->settings->output,
			       .stop = run->invocation->stop };
	double end = now_seconds() + SECONDS;
	int code = 0;
	while (!code && !alone->shown && alone->tries < TRIES && now_seconds() < end) {
		struct spawned spawned;
		code = spawn_run(&spawn, &spawned);
		alone->tries += !code;
		buf_puts(&spawned.err, spawned.out.data ? spawned.out.data : "");
		alone->shown = !code && alone_shows(finding, spawned.err.data, spawned.status);
		spawned_clear(&spawned);
	}
	variables_free(variables);
	return code;
}

int alone_make(const struct run *run, const struct finding *finding, const char *test,
	       unsigned threads, struct alone *alone)
{
	int code = 0;
	*alone = (struct alone){ 0 };
	if (!shows_to_others(finding))
		alone->why =
			xprintf("a %s shows to nobody but ftstress", kind_info(finding->kind)->one);
	else if (finding->script && access(finding->script, R_OK) == 0)
		alone->path = xstrdup(finding->script);
	else if (matrix_type_length(test))
		alone->why =
			xstrdup(finding->no_script ? finding->no_script
						   : "a run with --pairs writes that of a pair");
	else
		code = write_script(run, finding, test, threads, alone);
	return code || !alone->path ? code : try_script(run, finding, alone);
}

void alone_clear(struct alone *alone)
{
	free(alone->path);
	free(alone->why);
	*alone = (struct alone){ 0 };
}
