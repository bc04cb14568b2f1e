/* scripts.c - see scripts.h. */
#include "runner/run/scripts.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "reports/entries.h"
#include "runner/base/spawn.h"
#include "runner/base/util.h"
#include "runner/model/kinds.h"
#include "runner/model/matrix.h"

static void push(struct strings *list, const char *text)
{
	ARRAY_PUSH(list->items, list->count, list->capacity, xstrdup(text));
}

static bool is_wanted(const struct finding *finding)
{
	bool listed = finding->status == STATUS_NEW || finding->status == STATUS_KNOWN ||
		      finding->status == STATUS_DOCUMENTED;
	return listed && finding->test_count && matrix_type_length(finding->tests[0]);
}

/* What it is to show. */
static char *seen_text(const struct finding *finding)
{
	const char *kind = kind_info(finding->kind)->one;
	return finding->evidence ? xprintf("a %s; %s", kind, finding->evidence)
				 : xprintf("a %s", kind);
}

/* Results that no order explains show in single calls on fresh objects, not in loops; and that an update
 * was lost, a loop of calls does not see. */
static const char *why_no_loop(const struct finding *finding)
{
	return finding->kind == FINDING_TEST_FAILURE
		       ? "it shows when single calls on fresh objects meet"
	       : finding->kind == FINDING_PYTHON_RACE
		       ? "what is lost shows in what the object holds, and a loop of calls does not "
			 "know what it has to hold"
		       : NULL;
}

/* That there is none. Returns 0 or an exit code. */
static int tell_none(const struct scripts_options *options, const struct finding *finding)
{
	collator_script(options->collator, finding->id, NULL, why_no_loop(finding));
	return store_finding(options->store, finding);
}

/* The arguments of the process: id, pair and what was seen of each entry. Returns 0 or an exit code. */
static int add_entries(const struct scripts_options *options, struct strings *list)
{
	size_t count;
	int code = 0;
	const struct finding *const *findings = collator_findings(options->collator, &count);
	const struct run_info run = { 0 };
	const struct report_input input = { .run = &run, .findings = findings, .count = count };
	struct entries *entries = entries_new(&input);
	for (size_t i = 0; i < entries->count; i++) {
		const struct finding *witness = entries->items[i].witness;
		if (!is_wanted(witness))
			continue;
		if (why_no_loop(witness)) {
			code = code ? code : tell_none(options, witness);
			continue;
		}
		char *seen = seen_text(witness);
		push(list, witness->id);
		push(list, witness->tests[0]);
		push(list, seen);
		free(seen);
	}
	entries_free(entries);
	return code;
}

static int run_writer(const struct scripts_options *options, struct strings *list,
		      struct spawned *spawned)
{
	char **variables = variables_plain(options->environment, options->suite, options->paths);
	ARRAY_PUSH(list->items, list->count, list->capacity, NULL);
	struct spawn spawn = { .arguments = list->items,
			       .environment = variables,
			       .folder = options->suite->folder,
			       .stop = options->stop };
	progress_step(options->progress, "writing scripts that show what was found", 0, 0);
	int code = spawn_run(&spawn, spawned);
	variables_free(variables);
	return code;
}

/* Puts what the process printed into the findings, and these into the store. */
static int take(const struct scripts_options *options, const char *out)
{
	json_t *said = json_loads(out, 0, NULL), *one;
	const char *id;
	int code = 0;
	json_object_foreach(said, id, one)
	{
		const struct finding *finding = collator_script(
			options->collator, id, json_string_value(json_object_get(one, "path")),
			json_string_value(json_object_get(one, "why")));
		code = code ? code : store_finding(options->store, finding);
	}
	json_decref(said);
	return code;
}

int scripts_take(const struct scripts_options *options)
{
	struct strings list = { 0 };
	char *output = realpath(options->output, NULL);
	const char *const first[] = { options->environment->plain,
				      "-m",
				      "ftstress_driver.pairs.scripts",
				      options->suite->targets.items[0],
				      "--output",
				      output ? output : options->output,
				      "--" };
	for (size_t i = 0; i < sizeof first / sizeof *first; i++)
		push(&list, first[i]);
	size_t none = list.count;
	int code = add_entries(options, &list);
	if (!code && list.count > none) {
		struct spawned spawned;
		code = run_writer(options, &list, &spawned);
		if (!code && spawned.status == 0)
			code = take(options, spawned.out.data ? spawned.out.data : "");
		else if (!code)
			collator_note(options->collator,
				      "no scripts were written: the process that does it failed");
		spawned_clear(&spawned);
		list.count--; /* the NULL at the end */
	}
	strings_clear(&list);
	free(output);
	return code;
}
