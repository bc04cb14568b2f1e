/* results.c - see results.h. */
#include "runner/run/results.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/spawn.h"
#include "runner/base/util.h"
#include "runner/collate/ledger.h"

static struct finding finding_of(const char *test, json_t *wrong)
{
	struct finding finding = { .kind = FINDING_TEST_FAILURE };
	const char *got = json_string_value(json_object_get(wrong, "got"));
	finding.title = xprintf("%s: results that no order of the two calls explains", test);
	finding.explanation = xstrdup(
		"Two threads made one call each on a fresh object, at the same time, in a plain "
		"interpreter. What the calls gave, or what the object held afterwards, is what "
		"neither order of the two gives. There need be no data race: each access may be "
		"atomic, and all of them together not.");
	struct buf detail = { 0 };
	buf_printf(&detail, "Both at once: %s\n", got ? got : "?");
	size_t i;
	json_t *order;
	json_array_foreach(json_object_get(wrong, "orders"), i, order)
	{
		buf_printf(&detail, "One after the other: %s\n", json_string_value(order));
	}
	finding.detail = buf_take(&detail);
	finding.said = xprintf("both at once gave %s", got ? got : "?");
	return finding;
}

/* Makes findings of what the process printed. */
static void take(const struct results_options *options, const char *out)
{
	json_t *said = json_loads(out, 0, NULL);
	size_t i;
	json_t *wrong;
	json_array_foreach(json_object_get(said, "wrong"), i, wrong)
	{
		const char *test = json_string_value(json_object_get(wrong, "pair"));
		if (!test || matrix_has_finding(options->matrix, test))
			continue;
		const struct iteration_context context = { .tests = &test, .test_count = 1 };
		struct finding finding = finding_of(test, wrong);
		finding_add_test(&finding, test);
		const struct finding *added = collator_add(options->collator, &context, &finding);
		matrix_finding(options->matrix, test, added);
	}
	int64_t pairs = json_integer_value(json_object_get(said, "pairs"));
	int64_t tried = json_integer_value(json_object_get(said, "tried"));
	if (tried < pairs) {
		char *text = xprintf("the results of %" PRId64 " of %" PRId64
				     " pairs were compared with both orders: the time was over",
				     tried, pairs);
		collator_note(options->collator, text);
		free(text);
	}
	json_decref(said);
}

static int look(const struct results_options *options, struct spawned *spawned)
{
	struct strings list = { 0 };
	char seconds[32];
	snprintf(seconds, sizeof seconds, "%.0f", options->total);
	const char *const first[] = {
		options->environment->plain,      "-m",        "ftstress_driver.pairs.results",
		options->suite->targets.items[0], "--seconds", seconds
	};
	for (size_t i = 0; i < sizeof first / sizeof *first; i++)
		ARRAY_PUSH(list.items, list.count, list.capacity, xstrdup(first[i]));
	for (size_t i = 0; i < options->suite->args.count; i++) {
		ARRAY_PUSH(list.items, list.count, list.capacity, xstrdup("--type"));
		ARRAY_PUSH(list.items, list.count, list.capacity,
			   xstrdup(options->suite->args.items[i]));
	}
	ARRAY_PUSH(list.items, list.count, list.capacity, NULL);
	char **variables = variables_plain(options->environment, options->suite, options->paths);
	struct spawn spawn = { .arguments = list.items,
			       .environment = variables,
			       .folder = options->scratch,
			       .stop = options->stop };
	progress_step(options->progress, "comparing results with both orders", 0, 0);
	int code = spawn_run(&spawn, spawned);
	variables_free(variables);
	variables_free(list.items);
	return code;
}

int results_take(const struct results_options *options)
{
	struct spawned spawned;
	int code = look(options, &spawned);
	if (!code && spawned.status == 0)
		take(options, spawned.out.data ? spawned.out.data : "");
	else if (!code)
		collator_note(options->collator,
			      "results could not be compared with both orders: the process that "
			      "does it failed");
	spawned_clear(&spawned);
	struct store_iteration found = { .run = options->run };
	found.occurrences = collator_occurrences(options->collator, &found.occurrence_count);
	if (!code && found.occurrence_count) {
		code = store_occurrences(options->store, &found);
		if (!code)
			collator_occurrences_done(options->collator);
	}
	return code;
}
