/* json_run.c - see json_run.h. */
#include "reports/json_run.h"

#include <stdlib.h>

#include "reports/covered.h"
#include "reports/text.h"
#include "reports/tried.h"
#include "runner/base/util.h"

json_t *json_strings(char *const *texts, size_t count)
{
	json_t *array = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, text_json(texts[i]));
	return array;
}

json_t *json_count(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

/* How the tests were tried; from where no such thing was counted nothing is said. */
static void add_tried(json_t *tests, const struct run_info *run)
{
	struct buf text = { 0 };
	if (!run->tests_selected)
		return;
	json_object_set_new(tests, "selected", json_count(run->tests_selected));
	json_object_set_new(tests, "tried", json_count(run->tests_tried));
	json_object_set_new(tests, "in_threads", json_count(run->tests_threaded));
	if (run->tests_apart)
		json_object_set_new(tests, "apart", json_count(run->tests_apart));
	json_object_set_new(tests, "in_turns", json_count(run->tests_turns));
	json_object_set_new(tests, "overlapping", json_count(run->tests_overlap));
	json_object_set_new(tests, "alone_why", text_json(run->alone_why));
	json_t *threads = json_array();
	json_array_append_new(threads, json_count(run->threads_least));
	json_array_append_new(threads, json_count(run->threads_most));
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
	json_object_set_new(iterations, "planned", json_count(run->iterations_planned));
	json_object_set_new(iterations, "done", json_count(run->iterations_done));
	json_object_set_new(iterations, "gil_on", json_count(run->iterations_gil_on));
	json_object_set_new(object, "iterations", iterations);
	add_covered(object, run);
	if (run->pairs.run) {
		json_t *pairs = json_object();
		json_object_set_new(pairs, "iterations", json_count(run->pairs.iterations));
		json_object_set_new(pairs, "run", json_count(run->pairs.run));
		json_object_set_new(pairs, "total", json_count(run->pairs.total));
		json_object_set_new(object, "pairs", pairs);
	}
	json_t *tests = json_object();
	json_object_set_new(tests, "run", json_count(run->tests_run));
	json_object_set_new(tests, "distinct", json_count(run->tests_distinct));
	json_object_set_new(tests, "total", json_count(run->tests_total));
	json_object_set_new(tests, "thread_unsafe", json_count(run->tests_thread_unsafe));
	json_object_set_new(tests, "skipped", json_count(run->tests_skipped));
	add_tried(tests, run);
	json_object_set_new(tests, "passed", json_count(run->tests_passed));
	json_object_set_new(tests, "failing", json_count(run->tests_failing));
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
		json_object_set_new(unimported, "count", json_count(run->files_unimported));
		json_object_set_new(unimported, "of", json_count(run->files));
		json_object_set_new(unimported, "file", text_json(run->unimported_file));
		json_object_set_new(unimported, "why", text_json(run->unimported_why));
		json_object_set_new(object, "unimported", unimported);
	}
	json_object_set_new(object, "records", json_count(run->records));
	json_object_set_new(object, "records_lost", json_count(run->records_lost));
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
		json_object_set_new(rule, "used", json_count(run->rules[i].used));
		json_array_append_new(rules, rule);
	}
	json_object_set_new(object, "suppressions", rules);
	json_object_set_new(object, "notes", json_strings(run->notes, run->note_count));
	json_t *settings = json_array();
	for (size_t i = 0; i < run->setting_count; i++)
		json_array_append_new(settings, json_strings(&run->settings[2 * i], 2));
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
		json_object_set_new(object, "waits", json_count(lock->waits));
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
		json_object_set_new(object, "changes", json_count(count->changes));
		json_object_set_new(object, "handed_over", json_count(count->handed_over));
		json_object_set_new(object, "threads", json_count(count->threads));
		json_object_set_new(object, "seconds", json_real(count->seconds));
		json_object_set_new(object, "changes_per_second", json_real(run_count_rate(count)));
		json_object_set_new(object, "remedy", text_json(run_count_remedy(count)));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *draws_of(const struct run_info *run)
{
	json_t *array = json_array();
	for (size_t i = 0; i < run->draw_count; i++)
		json_array_append_new(array,
				      json_pack("[ifbs]", (int)run->draws[i].threads,
						run->draws[i].interval, (int)run->draws[i].gil,
						run->draws[i].schedule));
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

/* The finding as its place in the report; as its id, if it is not there. */
static json_t *cell_of(const struct run_cell *cell, const struct map *places)
{
	uint64_t place = map_get(places, hash_string(0, cell->finding));
	json_t *finding = place == MAP_NONE ? text_json(cell->finding) : json_count(place);
	return json_pack("[iio]", (int)cell->a, (int)cell->b, finding);
}

static json_t *orders_of(const struct run_type *type)
{
	json_t *orders = json_array();
	for (size_t i = 0; i < type->order_count; i++)
		json_array_append_new(orders, json_pack("[iio]", (int)type->orders[i].a,
							(int)type->orders[i].b,
							text_json(type->orders[i].by)));
	return orders;
}

/* The pairs of operations of each type; see docs/report-schema.json. */
static json_t *types_of(const struct run_info *run, const struct map *places)
{
	static const char *const names[] = { "not_run", "not_exercised", "apart",
					     "clean",   "ordered",       "other",
					     "race",    "deadlock",      "crash" };
	json_t *array = json_array();
	for (size_t i = 0; i < run->type_count; i++) {
		const struct run_type *type = &run->types[i];
		json_t *object = json_object(), *counts = json_object(), *rows = json_array();
		json_t *cells = json_array();
		for (size_t j = 0; j < CELL_STATES; j++)
			json_object_set_new(counts, names[j], json_count(type->by_state[j]));
		for (size_t j = 0; j < type->operation_count; j++)
			json_array_append_new(rows,
					      json_stringn(type->states + j * type->operation_count,
							   type->operation_count));
		for (size_t j = 0; j < type->cell_count; j++)
			json_array_append_new(cells, cell_of(&type->cells[j], places));
		json_object_set_new(object, "name", text_json(type->name));
		json_object_set_new(object, "operations",
				    json_strings(type->operations, type->operation_count));
		if (type->uncalled_count)
			json_object_set_new(object, "not_called",
					    json_strings(type->uncalled, type->uncalled_count));
		json_object_set_new(object, "pairs", counts);
		json_object_set_new(object, "rows", rows);
		json_object_set_new(object, "findings", cells);
		if (type->order_count)
			json_object_set_new(object, "ordered", orders_of(type));
		json_array_append_new(array, object);
	}
	return array;
}

json_t *json_run(const struct run_info *run, const struct map *places)
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
	if (run->untried_count)
		json_object_set_new(object, "untried",
				    json_strings(run->untried, run->untried_count));
	if (run->slow_count)
		json_object_set_new(object, "slowest", slowest_of(run));
	if (run->draw_count)
		json_object_set_new(object, "draws", draws_of(run));
	if (run->type_count)
		json_object_set_new(object, "types", types_of(run, places));
	if (run->lock_count)
		json_object_set_new(object, "lock_profile", lock_profile_of(run));
	if (run->count_count)
		json_object_set_new(object, "count_profile", count_profile_of(run));
	return object;
}
