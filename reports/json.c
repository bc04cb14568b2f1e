/*
 * json.c - the report for programs; docs/report-schema.json is its schema.
 *
 * One finding at a time is built and written, so that a report of thousands takes no more memory
 * than its largest finding.
 */
#include "reports/covered.h"
#include "reports/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/entries.h"
#include "reports/formats.h"
#include "reports/frames.h"
#include "runner/model/kinds.h"
#include "reports/text.h"
#include "reports/tried.h"
#include "runner/model/fingerprint.h"

static json_t *strings_of(char *const *texts, size_t count)
{
	json_t *array = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, text_json(texts[i]));
	return array;
}

static json_t *integer_of(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

/* "M12 (0x7f00), shared" */
static json_t *lock_name_of(const struct held_lock *lock)
{
	if (!lock->name || !lock->address)
		return text_json(lock->name);
	char *name = xprintf("%s (0x%" PRIx64 ")%s", lock->name, lock->address,
			     lock->shared ? ", shared" : "");
	json_t *value = text_json(name);
	free(name);
	return value;
}

static json_t *locks_of(struct frames *frames, const struct participant *participant)
{
	json_t *array = json_array();
	for (size_t i = 0; i < participant->lock_count; i++) {
		const struct held_lock *lock = &participant->locks[i];
		json_t *object = json_object();
		json_object_set_new(object, "name", lock_name_of(lock));
		json_object_set_new(object, "frames", frames_stack(frames, &lock->created));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *participant_of(struct frames *frames, const struct finding *finding,
			      const struct participant *participant)
{
	json_t *object = json_object();
	json_object_set_new(object, "role", text_json(participant->role));
	json_object_set_new(object, "thread", text_json(participant->thread));
	const char *access = participant->write ? "write" : "read";
	bool accessed = text_is_access(finding, participant);
	size_t site = text_site(finding, participant);
	json_object_set_new(object, "access", accessed ? json_string(access) : json_null());
	json_object_set_new(object, "atomic", json_boolean(participant->atomic));
	char address[24];
	snprintf(address, sizeof address, "0x%" PRIx64, participant->address);
	json_object_set_new(object, "address",
			    participant->address ? json_string(address) : json_null());
	json_object_set_new(object, "size", integer_of(participant->size));
	if (participant->type)
		json_object_set_new(object, "type", text_json(participant->type));
	if (participant->operation)
		json_object_set_new(object, "operation", text_json(participant->operation));
	json_object_set_new(object, "frames", frames_stack(frames, &participant->stack));
	if (site != SITE_NONE)
		json_object_set_new(object, "site", integer_of(site));
	if (text_mixed(finding, participant))
		json_object_set_new(object, "mixed", json_true());
	json_object_set_new(object, "created", frames_stack(frames, &participant->created));
	json_object_set_new(object, "locks", locks_of(frames, participant));
	return object;
}

/*
 * "S.n.k" is a token, S the run's seed (docs/design.md): the seeds that show a finding are those
 * of its replays, each once.
 */
static json_t *seeds_of(const struct finding *finding)
{
	json_t *array = json_array();
	for (size_t i = 0; i < finding->replay_count; i++) {
		const char *replay = finding->replays[i];
		size_t length = strcspn(replay, ".");
		size_t seen = 0;
		for (; seen < i; seen++) {
			if (!strncmp(finding->replays[seen], replay, length) &&
			    strcspn(finding->replays[seen], ".") == length)
				break;
		}
		if (seen < i)
			continue;
		char *seed = xstrndup(replay, length);
		json_array_append_new(array, text_json(seed));
		free(seed);
	}
	return array;
}

static json_t *subject_of(struct frames *frames, const struct subject *subject)
{
	if (!subject->description && !subject->allocated.count)
		return json_null();
	json_t *object = json_object();
	json_object_set_new(object, "description", text_json(subject->description));
	json_object_set_new(object, "kind", json_string(subject_kind_name(subject->kind)));
	json_object_set_new(object, "type", text_json(subject->type));
	json_object_set_new(object, "member", text_json(subject->member));
	json_object_set_new(object, "offset", integer_of(subject->offset));
	json_object_set_new(object, "size", integer_of(subject->size));
	json_object_set_new(object, "allocated", frames_stack(frames, &subject->allocated));
	return object;
}

static json_t *as_written_of(const struct finding *finding)
{
	if (!finding->as_written_runs)
		return json_null();
	json_t *object = json_object();
	json_object_set_new(object, "runs", integer_of(finding->as_written_runs));
	json_object_set_new(object, "seen", integer_of(finding->as_written_seen));
	return object;
}

static void add_history(json_t *object, const struct finding *finding)
{
	json_object_set_new(object, "count", integer_of(finding->count));
	json_object_set_new(object, "run_count", integer_of(finding->run_count));
	json_object_set_new(object, "first_seen", json_integer(finding->first_seen));
	json_object_set_new(object, "last_seen", json_integer(finding->last_seen));
	json_object_set_new(object, "replays", strings_of(finding->replays, finding->replay_count));
	json_object_set_new(object, "seeds", seeds_of(finding));
	json_object_set_new(object, "tests", strings_of(finding->tests, finding->test_count));
	json_object_set_new(object, "command", text_json(finding->command));
	json_object_set_new(object, "suppressed_by", text_json(finding->suppressed_by));
	json_t *gil = json_array();
	if (finding->gil_off)
		json_array_append_new(gil, json_string("off"));
	if (finding->gil_on)
		json_array_append_new(gil, json_string("on"));
	json_object_set_new(object, "gil", gil);
	json_object_set_new(object, "as_written", as_written_of(finding));
}

static bool is_of_locks(const struct finding *finding)
{
	return kind_info(finding->kind)->by_locks;
}

/* A lock order and a deadlock of the same locks have the same digits in their ids. */
static json_t *related_of(const struct report_input *input, const struct finding *finding)
{
	json_t *array = json_array();
	const char *digits = is_of_locks(finding) ? fingerprint_digits(finding->id) : NULL;
	for (size_t i = 0; digits && i < input->count; i++) {
		const struct finding *other = input->findings[i];
		const char *others = is_of_locks(other) ? fingerprint_digits(other->id) : NULL;
		if (others && other->kind != finding->kind && !strcmp(digits, others))
			json_array_append_new(array, text_json(other->id));
	}
	return array;
}

static void add_evidence(json_t *object, const struct finding *finding)
{
	static const char *const shows[] = {
		[EVIDENCE_NONE] = "nothing", [EVIDENCE_RAISES] = "raises",
		[EVIDENCE_HANGS] = "hangs",  [EVIDENCE_CRASHES] = "crashes",
		[EVIDENCE_LOSES] = "loses",  [EVIDENCE_EQUAL] = "equal"
	};
	if (!finding->evidence)
		return;
	json_object_set_new(object, "evidence", text_json(finding->evidence));
	json_object_set_new(object, "shows", json_string(shows[finding->shows]));
}

static json_t *finding_of(struct frames *frames, const struct report_input *input,
			  const struct finding *finding)
{
	json_t *object = json_object();
	json_object_set_new(object, "id", text_json(finding->id));
	json_object_set_new(object, "kind", json_string(finding_kind_name(finding->kind)));
	json_object_set_new(object, "title", text_json(finding->title));
	json_object_set_new(object, "explanation", text_json(finding->explanation));
	json_object_set_new(object, "detail", text_json(finding->detail));
	if (finding->said)
		json_object_set_new(object, "said", text_json(finding->said));
	if (finding->because)
		json_object_set_new(object, "because", text_json(finding->because));
	json_object_set_new(object, "graph", text_json(finding->graph));
	if (finding->interleaving)
		json_object_set_new(object, "interleaving", text_json(finding->interleaving));
	add_evidence(object, finding);
	if (finding->script)
		json_object_set_new(object, "script", text_json(finding->script));
	if (finding->no_script)
		json_object_set_new(object, "no_script", text_json(finding->no_script));
	json_t *related = related_of(input, finding);
	if (json_array_size(related))
		json_object_set(object, "related", related);
	json_decref(related);
	json_object_set_new(object, "follows", text_json(finding->follows));
	if (finding->rank)
		json_object_set_new(object, "rank", json_string(finding_rank_name(finding->rank)));
	json_object_set_new(object, "status", json_string(finding_status_name(finding->status)));
	add_history(object, finding);
	json_object_set_new(object, "subject", subject_of(frames, &finding->subject));
	json_t *threads = json_array();
	for (size_t i = 0; i < finding->participant_count; i++)
		json_array_append_new(threads,
				      participant_of(frames, finding, &finding->participants[i]));
	json_object_set_new(object, "threads", threads);
	return object;
}

static json_t *ids_of(const struct finding *const *findings, size_t count)
{
	json_t *array = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, text_json(findings[i]->id));
	return array;
}

static json_t *fields_of(const struct fields *fields)
{
	json_t *array = json_array();
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->items[i];
		json_t *object = json_object();
		json_object_set_new(object, "text", text_json(field->text));
		json_object_set_new(object, "name", text_json(field->name));
		json_object_set_new(object, "type", text_json(field->type));
		json_object_set_new(object, "offset", integer_of(field->offset));
		json_object_set_new(object, "findings", ids_of(field->races, field->race_count));
		json_array_append_new(array, object);
	}
	return array;
}

/* See docs/report-schema.json. */
static json_t *entry_of(const struct report_entry *entry)
{
	const struct finding *witness = entry->witness;
	json_t *object = json_object();
	json_object_set_new(object, "id", text_json(witness->id));
	json_object_set_new(object, "kind", json_string(finding_kind_name(witness->kind)));
	json_object_set_new(object, "title", text_json(entry->title));
	json_object_set_new(object, "status", json_string(finding_status_name(witness->status)));
	json_object_set_new(object, "findings", ids_of(entry->members, entry->count));
	add_evidence(object, witness);
	if (witness->rank)
		json_object_set_new(object, "rank", json_string(finding_rank_name(witness->rank)));
	if (!entry->fields)
		return object;
	if (entry->type)
		json_object_set_new(object, "type", text_json(entry->type));
	if (entry->within)
		json_object_set_new(object, "in", text_json(entry->of));
	json_object_set_new(object, "fields", fields_of(entry->fields));
	if (!entry->of_pairs) {
		json_object_set_new(object, "functions",
				    strings_of(entry->functions, entry->function_count));
		return object;
	}
	json_object_set_new(object, "operations",
			    strings_of(entry->operations, entry->operation_count));
	json_object_set_new(object, "operations_all", integer_of(entry->operations_all));
	json_object_set_new(object, "pairs", strings_of(entry->pairs, entry->pair_count));
	return object;
}

static json_t *entries_of(const struct report_input *input)
{
	struct entries *entries = entries_new(input);
	json_t *array = json_array();
	for (size_t i = 0; i < entries->count; i++)
		json_array_append_new(array, entry_of(&entries->items[i]));
	entries_free(entries);
	return array;
}

/* How the tests were tried; from where no such thing was counted nothing is said. */
static void add_tried(json_t *tests, const struct run_info *run)
{
	struct buf text = { 0 };
	if (!run->tests_selected)
		return;
	json_object_set_new(tests, "selected", integer_of(run->tests_selected));
	json_object_set_new(tests, "tried", integer_of(run->tests_tried));
	json_object_set_new(tests, "in_threads", integer_of(run->tests_threaded));
	if (run->tests_apart)
		json_object_set_new(tests, "apart", integer_of(run->tests_apart));
	json_object_set_new(tests, "in_turns", integer_of(run->tests_turns));
	json_object_set_new(tests, "overlapping", integer_of(run->tests_overlap));
	json_object_set_new(tests, "alone_why", text_json(run->alone_why));
	json_t *threads = json_array();
	json_array_append_new(threads, integer_of(run->threads_least));
	json_array_append_new(threads, integer_of(run->threads_most));
	json_object_set_new(tests, "threads", threads);
	json_object_set_new(tests, "summary",
			    tried_add(&text, run) ? text_json(text.data) : json_null());
	buf_clear(&text);
	json_object_set_new(tests, "next",
			    tried_add_next(&text, run) ? text_json(text.data) : json_null());
	buf_free(&text);
}

/* What two threads used together; left out where that is not known. */
static void add_covered(json_t *object, const struct run_info *run)
{
	const struct run_covered *covered = &run->covered;
	struct buf text = { 0 };
	if (covered_add(&text, run)) {
		json_t *value = json_pack(
			"{s:s, s:s, s:b, s:I, s:{s:I, s:I, s:I}, s:{s:I, s:I}, s:{s:I, s:I, s:I, s:I}}",
			"package", covered->package, "text", text.data, "apart", covered_apart(run),
			"objects_shared", (json_int_t)covered->objects_shared, "types", "all",
			(json_int_t)covered->types, "met", (json_int_t)covered->types_met,
			"not_made", (json_int_t)covered->types_not_made, "operations", "all",
			(json_int_t)covered->operations, "met", (json_int_t)covered->operations_met,
			"functions", "one_object", (json_int_t)covered->functions[COVER_OBJECT],
			"two_threads", (json_int_t)covered->functions[COVER_THREADS], "one_thread",
			(json_int_t)covered->functions[COVER_ONE_THREAD], "never",
			(json_int_t)covered->functions[COVER_NEVER]);
		json_object_set_new(object, "covered", value);
	}
	buf_free(&text);
}

static void add_counts(json_t *object, const struct run_info *run)
{
	json_t *iterations = json_object();
	json_object_set_new(iterations, "planned", integer_of(run->iterations_planned));
	json_object_set_new(iterations, "done", integer_of(run->iterations_done));
	json_object_set_new(iterations, "gil_on", integer_of(run->iterations_gil_on));
	json_object_set_new(object, "iterations", iterations);
	add_covered(object, run);
	if (run->pairs.run) {
		json_t *pairs = json_object();
		json_object_set_new(pairs, "iterations", integer_of(run->pairs.iterations));
		json_object_set_new(pairs, "run", integer_of(run->pairs.run));
		json_object_set_new(pairs, "total", integer_of(run->pairs.total));
		json_object_set_new(object, "pairs", pairs);
	}
	json_t *tests = json_object();
	json_object_set_new(tests, "run", integer_of(run->tests_run));
	json_object_set_new(tests, "distinct", integer_of(run->tests_distinct));
	json_object_set_new(tests, "total", integer_of(run->tests_total));
	json_object_set_new(tests, "thread_unsafe", integer_of(run->tests_thread_unsafe));
	json_object_set_new(tests, "skipped", integer_of(run->tests_skipped));
	add_tried(tests, run);
	json_object_set_new(tests, "passed", integer_of(run->tests_passed));
	json_object_set_new(tests, "failing", integer_of(run->tests_failing));
	json_object_set_new(object, "tests", tests);
	if (run->failing_test) {
		json_t *failing = json_object();
		json_object_set_new(failing, "test", text_json(run->failing_test));
		json_object_set_new(failing, "why", text_json(run->failing_why));
		json_object_set_new(failing, "where", text_json(run->failing_where));
		json_object_set_new(object, "first_failing", failing);
	}
	if (run->files_unimported) {
		json_t *unimported = json_object();
		json_object_set_new(unimported, "count", integer_of(run->files_unimported));
		json_object_set_new(unimported, "of", integer_of(run->files));
		json_object_set_new(unimported, "file", text_json(run->unimported_file));
		json_object_set_new(unimported, "why", text_json(run->unimported_why));
		json_object_set_new(object, "unimported", unimported);
	}
	json_object_set_new(object, "records", integer_of(run->records));
	json_object_set_new(object, "records_lost", integer_of(run->records_lost));
}

static void add_surroundings(json_t *object, const struct run_info *run)
{
	json_t *hooks = json_array();
	for (size_t i = 0; i < run->hook_count; i++) {
		json_t *hook = json_object();
		json_object_set_new(hook, "name", text_json(run->hooks[i].name));
		json_object_set_new(hook, "live", json_boolean(run->hooks[i].live));
		json_object_set_new(hook, "off", json_boolean(run->hooks[i].off));
		json_object_set_new(hook, "why", text_json(run->hooks[i].why));
		json_array_append_new(hooks, hook);
	}
	json_object_set_new(object, "hooks", hooks);
	json_t *rules = json_array();
	for (size_t i = 0; i < run->rule_count; i++) {
		json_t *rule = json_object();
		json_object_set_new(rule, "rule", text_json(run->rules[i].rule));
		json_object_set_new(rule, "file", text_json(run->rules[i].file));
		json_object_set_new(rule, "used", integer_of(run->rules[i].used));
		json_array_append_new(rules, rule);
	}
	json_object_set_new(object, "suppressions", rules);
	json_object_set_new(object, "notes", strings_of(run->notes, run->note_count));
	json_t *settings = json_array();
	for (size_t i = 0; i < run->setting_count; i++)
		json_array_append_new(settings, strings_of(&run->settings[2 * i], 2));
	json_object_set_new(object, "settings", settings);
}

static json_t *lock_profile_of(const struct run_info *run)
{
	json_t *array = json_array();
	for (size_t i = 0; i < run->lock_count; i++) {
		const struct run_lock *lock = &run->locks[i];
		json_t *object = json_object();
		json_object_set_new(object, "class", text_json(lock->name));
		json_object_set_new(object, "kind", text_json(lock->kind));
		json_object_set_new(object, "waits", integer_of(lock->waits));
		json_object_set_new(object, "waited_s", json_real(lock->waited));
		json_object_set_new(object, "longest_wait_s", json_real(lock->longest_wait));
		json_object_set_new(object, "longest_hold_s", json_real(lock->longest_hold));
		json_object_set_new(object, "where", text_json(lock->where));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *count_profile_of(const struct run_info *run)
{
	json_t *array = json_array();
	for (size_t i = 0; i < run->count_count; i++) {
		const struct run_count *count = &run->counts[i];
		json_t *object = json_object();
		json_object_set_new(object, "type", text_json(count->type));
		json_object_set_new(object, "made", text_json(count->made));
		json_object_set_new(object, "where", text_json(count->where));
		json_object_set_new(object, "changes", integer_of(count->changes));
		json_object_set_new(object, "handed_over", integer_of(count->handed_over));
		json_object_set_new(object, "threads", integer_of(count->threads));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *slowest_of(const struct run_info *run)
{
	json_t *array = json_array();
	for (size_t i = 0; i < run->slow_count; i++) {
		json_t *object = json_object();
		json_object_set_new(object, "test", text_json(run->slow[i].test));
		json_object_set_new(object, "seconds", json_real(run->slow[i].seconds));
		json_array_append_new(array, object);
	}
	return array;
}

/* The pairs of operations of each type; see docs/report-schema.json. */
static json_t *types_of(const struct run_info *run)
{
	static const char *const names[] = { "not_run", "not_exercised", "apart",    "clean",
					     "other",   "race",          "deadlock", "crash" };
	json_t *array = json_array();
	for (size_t i = 0; i < run->type_count; i++) {
		const struct run_type *type = &run->types[i];
		json_t *object = json_object(), *counts = json_object(), *rows = json_array();
		json_t *cells = json_array();
		for (size_t j = 0; j < CELL_STATES; j++)
			json_object_set_new(counts, names[j], integer_of(type->by_state[j]));
		for (size_t j = 0; j < type->operation_count; j++)
			json_array_append_new(rows,
					      json_stringn(type->states + j * type->operation_count,
							   type->operation_count));
		for (size_t j = 0; j < type->cell_count; j++)
			json_array_append_new(cells, json_pack("[iis]", (int)type->cells[j].a,
							       (int)type->cells[j].b,
							       type->cells[j].finding));
		json_object_set_new(object, "name", text_json(type->name));
		json_object_set_new(object, "operations",
				    strings_of(type->operations, type->operation_count));
		json_object_set_new(object, "pairs", counts);
		json_object_set_new(object, "rows", rows);
		json_object_set_new(object, "findings", cells);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *run_of(const struct run_info *run)
{
	json_t *object = json_object();
	json_object_set_new(object, "suite", text_json(run->suite));
	json_object_set_new(object, "suite_file", text_json(run->suite_file));
	json_object_set_new(object, "version", text_json(run->version));
	json_object_set_new(object, "python", text_json(run->python));
	json_object_set_new(object, "python_version", text_json(run->python_version));
	json_object_set_new(object, "seed", text_json(run->seed));
	json_object_set_new(object, "command", text_json(run->command));
	json_object_set_new(object, "started", json_integer(run->started));
	json_object_set_new(object, "ended", json_integer(run->ended));
	json_object_set_new(object, "seconds", json_real(run->seconds));
	add_counts(object, run);
	json_object_set_new(object, "interrupted", json_boolean(run->interrupted));
	json_object_set_new(object, "exit_code", json_integer(run->exit_code));
	add_surroundings(object, run);
	if (run->slow_count)
		json_object_set_new(object, "slowest", slowest_of(run));
	if (run->type_count)
		json_object_set_new(object, "types", types_of(run));
	if (run->lock_count)
		json_object_set_new(object, "lock_profile", lock_profile_of(run));
	if (run->count_count)
		json_object_set_new(object, "count_profile", count_profile_of(run));
	return object;
}

/* The words of the kinds; the page has none of its own. */
static json_t *kinds_of(void)
{
	json_t *array = json_array();
	for (enum finding_kind kind = 0; kind < FINDING_KINDS; kind++) {
		const struct finding_kind_info *info = kind_info(kind);
		json_array_append_new(array, json_pack("{ss, ss, ss, ss, sb}", "name", info->name,
						       "one", info->one, "many", info->many,
						       "meaning", info->meaning, "waits",
						       info->threads == KIND_WAITS));
	}
	return array;
}

static json_t *ranks_of(void)
{
	json_t *array = json_array();
	for (enum finding_rank rank = RANK_NONE + 1; rank < RANKS; rank++)
		json_array_append_new(array, json_pack("{ss, ss}", "name", finding_rank_name(rank),
						       "meaning", finding_rank_meaning(rank)));
	return array;
}

/* Write `value` and release it. */
static int dump(json_t *value, json_dump_callback_t sink, void *data)
{
	int result = json_dump_callback(value, sink, data,
					JSON_COMPACT | JSON_REAL_PRECISION(9) | JSON_ENCODE_ANY);
	json_decref(value);
	return result;
}

static int put(const char *text, json_dump_callback_t sink, void *data)
{
	return sink(text, strlen(text), data);
}

/* The tables behind the findings of a report whose stacks are numbers. */
static int put_tables(struct frames *frames, json_dump_callback_t sink, void *data)
{
	return put(",\n\"frames\":", sink, data) || put(frames_all(frames), sink, data) ||
	       put(",\n\"stacks\":", sink, data) || put(frames_stacks(frames), sink, data);
}

int report_json_dump(const struct report_input *input, bool stacks_by_number,
		     json_dump_callback_t sink, void *data)
{
	int result = -1;
	struct frames *frames = frames_new(stacks_by_number);
	if (put("{\"schema\":1,\n\"run\":", sink, data) || dump(run_of(input->run), sink, data) ||
	    put(",\n\"kinds\":", sink, data) || dump(kinds_of(), sink, data) ||
	    put(",\n\"ranks\":", sink, data) || dump(ranks_of(), sink, data) ||
	    put(",\n\"entries\":", sink, data) || dump(entries_of(input), sink, data) ||
	    put(",\n\"findings\":[", sink, data))
		goto end;
	for (size_t i = 0; i < input->count; i++) {
		if (put(i ? ",\n" : "\n", sink, data) ||
		    dump(finding_of(frames, input, input->findings[i]), sink, data))
			goto end;
	}
	if (put("\n]", sink, data) || (stacks_by_number && put_tables(frames, sink, data)))
		goto end;
	result = put("}\n", sink, data) ? -1 : 0;
end:
	frames_free(frames);
	return result;
}

static int to_file(const char *bytes, size_t length, void *data)
{
	return fwrite(bytes, 1, length, data) == length ? 0 : -1;
}

static int json_write(FILE *out, const struct report_input *input)
{
	errno = 0;
	if (report_json_dump(input, false, to_file, out))
		return errno ? errno : EIO;
	return report_flush(out);
}

const struct report_format report_json = {
	.name = "json",
	.extension = "json",
	.help = "for programs; docs/report-schema.json describes it",
	.write = json_write,
};
