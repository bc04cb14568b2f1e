/* evidence.c - see evidence.h. */
#include "runner/run/evidence.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/map.h"
#include "runner/base/spawn.h"
#include "runner/base/util.h"
#include "runner/model/matrix.h"

static bool is_asked_about(const struct finding *finding)
{
	bool asked = finding->status == STATUS_NEW || finding->status == STATUS_DOCUMENTED;
	bool race = finding_is_race(finding) && matrix_type_of(finding);
	/* If it is documented that these threads may not share the object, it counts if it crashes. */
	bool count = finding->kind == FINDING_REFERENCE_COUNT &&
		     finding->status == STATUS_DOCUMENTED && matrix_type_length(finding->tests[0]);
	return asked && (race || count) && !finding->evidence;
}

/*
 * Did a pair take its process down, or never come back? Its calls were made one after the other, so one
 * thread may do.
 */
static bool is_end_of_pair(const struct finding *finding)
{
	bool end = finding->kind == FINDING_CRASH || finding_is_endless(finding);
	return end && finding->status == STATUS_NEW && !finding->evidence && finding->test_count &&
	       matrix_type_length(finding->tests[0]);
}

/*
 * "SystemError: ... (12 times)", of what the process printed; NULL if nothing was wrong. *shows is
 * left as it is where one thread is enough for it.
 */
static char *wrong_of(const char *out, enum evidence *shows)
{
	json_t *said = json_loads(out, 0, NULL);
	const char *what = NULL, *alone = json_string_value(json_object_get(said, "alone"));
	json_t *times, *wrong = json_object_get(said, "wrong");
	char *text = NULL;
	if (alone)
		text = xprintf("one thread alone ends a plain interpreter, too, with both calls "
			       "on one object: %s",
			       alone);
	json_object_foreach(wrong, what, times)
	{
		text = xprintf("a plain interpreter raises %s (%" PRId64 " times in %g s)", what,
			       (int64_t)json_integer_value(times), EVIDENCE_SECONDS);
		*shows = EVIDENCE_RAISES;
		break;
	}
	json_decref(said);
	return text;
}

static char *told(const struct spawned *spawned, double seconds, enum evidence *shows)
{
	int status = spawned->status;
	*shows = status == 128 + SIGKILL ? EVIDENCE_HANGS
		 : status > 128          ? EVIDENCE_CRASHES
					 : EVIDENCE_NONE;
	if (status == 128 + SIGKILL)
		return xprintf("a plain interpreter hangs: no end in %d s", EVIDENCE_LIMIT);
	if (status > 128)
		return xprintf("a plain interpreter crashes in %.1f s: SIG%s", seconds,
			       sigabbrev_np(status - 128) ? sigabbrev_np(status - 128) : "?");
	const char *out = spawned->out.data ? spawned->out.data : "";
	char *wrong = status == 0 ? wrong_of(out, shows) : NULL;
	if (wrong || status)
		return wrong; /* it could not be tried: nothing is said */
	return xprintf("nothing was seen in %g s of overlapping calls in a plain interpreter",
		       EVIDENCE_SECONDS);
}

/* Returns 0 or an exit code; *text is NULL where it could not be tried. */
static int try_pair(const struct evidence_options *options, const char *test, enum evidence *shows,
		    char **text)
{
	char limit[16], seconds[16];
	snprintf(limit, sizeof limit, "%d", EVIDENCE_LIMIT);
	snprintf(seconds, sizeof seconds, "%g", EVIDENCE_SECONDS);
	char *const arguments[] = { (char *)"timeout",
				    (char *)"-s",
				    (char *)"KILL",
				    limit,
				    options->environment->plain,
				    (char *)"-m",
				    (char *)"ftstress_driver.pairs.evidence",
				    options->suite->targets.items[0],
				    (char *)test,
				    (char *)"--seconds",
				    seconds,
				    NULL };
	char **variables =
		variables_evidence(options->environment, options->suite, options->paths, false);
	struct spawn spawn = { .arguments = arguments,
			       .environment = variables,
			       .folder = options->scratch,
			       .stop = options->stop };
	struct spawned spawned;
	double began = now_seconds();
	int code = spawn_run(&spawn, &spawned);
	*text = code ? NULL : told(&spawned, now_seconds() - began, shows);
	spawned_clear(&spawned);
	variables_free(variables);
	return code;
}

/* Makes both calls in one thread, in the interpreter that crashed or hung. *text is NULL where that is fine. */
static int try_alone(const struct evidence_options *options, const char *test, char **text)
{
	char limit[16];
	/* It waits by itself for a few seconds: for what does not come back. */
	snprintf(limit, sizeof limit, "%d", 2 * EVIDENCE_LIMIT);
	char *const arguments[] = { (char *)"timeout",
				    (char *)"-s",
				    (char *)"KILL",
				    limit,
				    options->environment->python,
				    (char *)"-m",
				    (char *)"ftstress_driver.pairs.evidence",
				    options->suite->targets.items[0],
				    (char *)test,
				    (char *)"--alone",
				    NULL };
	char **variables =
		variables_evidence(options->environment, options->suite, options->paths, true);
	struct spawn spawn = { .arguments = arguments,
			       .environment = variables,
			       .folder = options->scratch,
			       .stop = options->stop };
	struct spawned spawned;
	int code = spawn_run(&spawn, &spawned);
	json_t *said = code ? NULL : json_loads(spawned.out.data ? spawned.out.data : "", 0, NULL);
	const char *how = json_string_value(json_object_get(said, "alone"));
	bool waits = how && strcmp(how, "SIGALRM") == 0;
	*text = waits ? xstrdup("no matter of threads: one thread alone, with both calls on one "
				"object, does not come back, either")
		: how ? xprintf("no matter of threads: one thread alone, with both calls on one "
				"object, ends the process, too: %s",
				how)
		      : NULL;
	json_decref(said);
	spawned_clear(&spawned);
	variables_free(variables);
	return code;
}

static int look_at_ends(const struct evidence_options *options, double end)
{
	size_t count;
	const struct finding *const *findings = collator_findings(options->collator, &count);
	int code = 0;
	for (size_t i = 0; !code && i < count && now_seconds() < end && !*options->stop; i++) {
		if (!is_end_of_pair(findings[i]))
			continue;
		char *text;
		code = try_alone(options, findings[i]->tests[0], &text);
		if (text) {
			collator_evidence(options->collator, findings[i]->id, EVIDENCE_NONE, text);
			code = code ? code : store_finding(options->store, findings[i]);
		}
		free(text);
	}
	return code;
}

int evidence_take(const struct evidence_options *options)
{
	size_t count, tried = 0, untried = 0;
	const struct finding *const *findings = collator_findings(options->collator, &count);
	struct map done = { 0 };
	double end = now_seconds() + options->total;
	int code = look_at_ends(options, end);
	for (size_t i = 0; !code && i < count; i++) {
		if (!is_asked_about(findings[i]) ||
		    map_get(&done, matrix_field(findings[i])) != MAP_NONE)
			continue;
		map_set(&done, matrix_field(findings[i]), 0);
		if (now_seconds() >= end || *options->stop) {
			untried++;
			continue;
		}
		progress_step(options->progress, "trying races in a plain interpreter", 0, 0);
		char *text;
		enum evidence shows = EVIDENCE_NONE;
		code = try_pair(options, findings[i]->tests[0], &shows, &text);
		if (text) {
			collator_evidence(options->collator, findings[i]->id, shows, text);
			code = code ? code : store_finding(options->store, findings[i]);
			tried++;
		}
		free(text);
	}
	map_free(&done);
	if (untried) {
		char *text =
			xprintf("of %zu racy fields %zu were tried in a plain interpreter: the "
				"time for that was over",
				tried + untried, tried);
		collator_note(options->collator, text);
		free(text);
	}
	return code;
}
