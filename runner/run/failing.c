/* failing.c - see failing.h. */
#include "runner/run/failing.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"
#include "runner/model/traceback.h"

enum { WHY_MAX = 300 }; /* bytes of an exception that are shown */

struct state {
	bool passed, failed;
	bool alone;        /* in this run it failed without overlap */
	char *why, *where; /* of its first failure in this run */
	char *known; /* how it failed without overlap, in this run or before; NULL = it did not */
};

struct failing {
	const struct plan_test *tests;
	size_t count;
	struct state *states;
};

struct failing *failing_new(const struct plan_test *tests, size_t count)
{
	struct failing *failing = xcalloc(1, sizeof *failing);
	*failing = (struct failing){ tests, count, xcalloc(count, sizeof *failing->states) };
	return failing;
}

void failing_free(struct failing *failing)
{
	for (size_t i = 0; failing && i < failing->count; i++) {
		free(failing->states[i].why);
		free(failing->states[i].where);
		free(failing->states[i].known);
	}
	free(failing ? failing->states : NULL);
	free(failing);
}

/* --- how it failed ------------------------------------------------------------------------- */

char *failure_why(const struct test_failure *failure)
{
	size_t length = strcspn(failure->message, "\r\n");
	char *text = xprintf("%s%s%.*s", failure->type, length ? ": " : "", (int)length,
			     failure->message);
	if (strlen(text) > WHY_MAX) {
		size_t end = WHY_MAX;
		while (end && ((unsigned char)text[end] & 0xc0) == 0x80)
			end--; /* whole characters */
		text[end] = '\0';
	}
	return text;
}

char *failure_where(const struct test_failure *failure)
{
	struct traceback_call last = { 0 };
	for (const char *at = failure->traceback; traceback_next(&at, &last);)
		;
	if (!last.file)
		return NULL;
	char *path = xstrndup(last.file, last.file_length);
	const char *base = strrchr(path, '/');
	char *text = xprintf("%s:%d%s%.*s", base ? base + 1 : path, last.line,
			     last.code_length ? ": " : "", (int)last.code_length,
			     last.code ? last.code : "");
	free(path);
	return text;
}

/* --- what the tests do --------------------------------------------------------------------- */

static const struct test_failure *failure_of(const struct trial *trial, size_t index)
{
	for (size_t i = 0; i < trial->failure_count; i++)
		if (trial->failures[i].index == index)
			return &trial->failures[i];
	return NULL;
}

void failing_take(struct failing *failing, const struct trial *trial)
{
	for (size_t i = 0; i < trial->count; i++) {
		struct state *state = &failing->states[trial->tests[i]];
		if (trial->states[i] != TEST_ENDED)
			continue;
		if (trial->outcomes[i] == FTS_OUTCOME_PASSED)
			state->passed = true;
		if (trial->outcomes[i] != FTS_OUTCOME_FAILED &&
		    trial->outcomes[i] != FTS_OUTCOME_ERROR)
			continue;
		const struct test_failure *failure = failure_of(trial, i);
		state->failed = true;
		if (state->why || !failure)
			continue;
		state->why = failure_why(failure);
		state->where = failure_where(failure);
	}
}

bool failing_is_known(const struct failing *failing, size_t test,
		      const struct test_failure *failure)
{
	const struct state *state = &failing->states[test];
	if (!state->known || state->passed)
		return false;
	char *why = failure_why(failure);
	bool same = strcmp(why, state->known) == 0;
	free(why);
	return same;
}

void failing_alone(struct failing *failing, size_t test, const struct test_failure *failure)
{
	struct state *state = &failing->states[test];
	free(state->known);
	state->known = failure ? failure_why(failure) : xstrdup("");
	state->alone = true;
}

struct failing_totals failing_totals(const struct failing *failing)
{
	struct failing_totals totals = { 0 };
	for (size_t i = 0; i < failing->count; i++) {
		const struct state *state = &failing->states[i];
		totals.passed += state->passed;
		if (state->passed || !state->failed)
			continue;
		if (!totals.failing++) {
			totals.test = failing->tests[i].id;
			totals.why = state->why;
			totals.where = state->where;
		}
	}
	return totals;
}

/* --- from run to run ----------------------------------------------------------------------- */

static int by_id(const void *key, const void *item)
{
	return strcmp(key, ((const struct plan_test *)item)->id);
}

int failing_load(struct failing *failing, struct store *store)
{
	struct store_failure *known = NULL;
	size_t count = 0;
	int code = store_failures(store, &known, &count);
	for (size_t i = 0; i < count; i++) {
		const struct plan_test *test =
			bsearch(known[i].test, failing->tests, failing->count, sizeof *test, by_id);
		if (test) {
			failing->states[test - failing->tests].known = known[i].why;
			known[i].why = NULL;
		}
		free(known[i].test);
		free(known[i].why);
	}
	free(known);
	return code;
}

int failing_store(const struct failing *failing, struct store *store)
{
	struct store_failure *changed = xcalloc(failing->count, sizeof *changed);
	size_t count = 0;
	for (size_t i = 0; i < failing->count; i++) {
		const struct state *state = &failing->states[i];
		char *id = (char *)failing->tests[i].id;
		if (state->passed && state->known)
			changed[count++] = (struct store_failure){ id, NULL };
		else if (state->alone)
			changed[count++] = (struct store_failure){ id, state->known };
	}
	int code = count ? store_failures_put(store, changed, count) : 0;
	free(changed);
	return code;
}
