/* run_json.c - see store_json.h. The facts of a run. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/map.h"
#include "runner/base/util.h"
#include "runner/model/lock_kind.h"
#include "runner/model/matrix.h"
#include "runner/store/store.h"
#include "runner/store/store_json.h"
#include "runner/store/values.h"

/* Lists of members, so that writing, reading and freeing can't differ. */
#define MEMBER(member) { #member, offsetof(struct run_info, member) }

static const struct {
	const char *name;
	size_t offset;
} text_members[] = {
	MEMBER(suite), MEMBER(suite_file), MEMBER(version), MEMBER(python), MEMBER(python_version),
	MEMBER(seed),  MEMBER(command), MEMBER(alone_why),
	MEMBER(failing_test), MEMBER(failing_why), MEMBER(failing_where),
	MEMBER(unimported_file), MEMBER(unimported_why), MEMBER(covered.package),
}, number_members[] = {
	MEMBER(started), MEMBER(ended), MEMBER(iterations_planned), MEMBER(iterations_done),
	MEMBER(iterations_gil_on), MEMBER(tests_run), MEMBER(tests_distinct), MEMBER(tests_total),
	MEMBER(tests_thread_unsafe), MEMBER(tests_skipped), MEMBER(tests_threaded),
	MEMBER(tests_apart),
	MEMBER(tests_turns), MEMBER(tests_overlap), MEMBER(tests_selected), MEMBER(tests_tried),
	MEMBER(threads_least), MEMBER(threads_most), MEMBER(tests_passed), MEMBER(tests_failing),
	MEMBER(files), MEMBER(files_unimported), MEMBER(records), MEMBER(records_lost),
	MEMBER(pairs.iterations), MEMBER(pairs.run), MEMBER(pairs.total),
	MEMBER(covered.functions[COVER_OBJECT]), MEMBER(covered.functions[COVER_THREADS]),
	MEMBER(covered.functions[COVER_ONE_THREAD]), MEMBER(covered.functions[COVER_NEVER]),
	MEMBER(covered.types), MEMBER(covered.types_met), MEMBER(covered.types_not_made),
	MEMBER(covered.operations), MEMBER(covered.operations_met),
	MEMBER(covered.uncalled),
	MEMBER(covered.objects_shared), MEMBER(covered.shares_itself),
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void *member(const struct run_info *info, size_t offset)
{
	return (char *)info + offset;
}

static json_t *hooks_value(const struct run_info *info)
{
	json_t *array = json_array();
	for (size_t i = 0; i < info->hook_count; i++) {
		json_t *one = json_object();
		value_put_text(one, "name", info->hooks[i].name);
		value_put_flag(one, "live", info->hooks[i].live);
		value_put_flag(one, "off", info->hooks[i].off);
		value_put_text(one, "why", info->hooks[i].why);
		json_array_append_new(array, one);
	}
	return array;
}

static json_t *rules_value(const struct run_info *info)
{
	json_t *array = json_array();
	for (size_t i = 0; i < info->rule_count; i++) {
		json_t *one = json_object();
		value_put_text(one, "rule", info->rules[i].rule);
		value_put_text(one, "file", info->rules[i].file);
		value_put_number(one, "used", info->rules[i].used);
		json_array_append_new(array, one);
	}
	return array;
}

static json_t *locks_value(const struct run_info *info)
{
	json_t *array = json_array();
	for (size_t i = 0; i < info->lock_count; i++) {
		const struct run_lock *lock = &info->locks[i];
		json_t *one = json_object();
		value_put_text(one, "name", lock->name);
		value_put_text(one, "kind", lock->kind);
		value_put_number(one, "waits", lock->waits);
		json_object_set_new(one, "waited", json_real(lock->waited));
		json_object_set_new(one, "longest_wait", json_real(lock->longest_wait));
		json_object_set_new(one, "longest_hold", json_real(lock->longest_hold));
		value_put_text(one, "where", lock->where);
		json_array_append_new(array, one);
	}
	return array;
}

static json_t *counts_value(const struct run_info *info)
{
	json_t *array = json_array();
	for (size_t i = 0; i < info->count_count; i++) {
		const struct run_count *count = &info->counts[i];
		json_t *one = json_object();
		value_put_text(one, "type", count->type);
		value_put_text(one, "made", count->made);
		value_put_text(one, "where", count->where);
		value_put_number(one, "changes", count->changes);
		value_put_number(one, "handed_over", count->handed_over);
		json_object_set_new(one, "seconds", json_real(count->seconds));
		value_put_number(one, "threads", count->threads);
		json_array_append_new(array, one);
	}
	return array;
}

/* [threads, interval, GIL, schedule] */
static json_t *draws_value(const struct run_info *info)
{
	json_t *array = json_array();
	for (size_t i = 0; i < info->draw_count; i++) {
		const struct run_draw *draw = &info->draws[i];
		json_array_append_new(array, json_pack("[ifbs]", (int)draw->threads, draw->interval,
						       (int)draw->gil, draw->schedule));
	}
	return array;
}

static void get_draws(json_t *array, struct run_info *info)
{
	info->draw_count = json_array_size(array);
	info->draws = xcalloc(info->draw_count + 1, sizeof *info->draws);
	for (size_t i = 0; i < info->draw_count; i++) {
		json_t *one = json_array_get(array, i);
		const char *schedule = json_string_value(json_array_get(one, 3));
		info->draws[i].threads = (unsigned)json_integer_value(json_array_get(one, 0));
		info->draws[i].interval = json_number_value(json_array_get(one, 1));
		info->draws[i].gil = json_is_true(json_array_get(one, 2));
		snprintf(info->draws[i].schedule, sizeof info->draws[i].schedule, "%s",
			 schedule ? schedule : "");
	}
}

static json_t *slow_value(const struct run_info *info)
{
	json_t *array = json_array();
	for (size_t i = 0; i < info->slow_count; i++) {
		json_t *one = json_object();
		value_put_text(one, "test", info->slow[i].test);
		json_object_set_new(one, "seconds", json_real(info->slow[i].seconds));
		json_array_append_new(array, one);
	}
	return array;
}

/* The id's place in `ids`: thousands of cells have the same one. */
static uint64_t place_of(struct map *places, json_t *ids, const char *id)
{
	uint64_t key = hash_string(0, id), place = map_get(places, key);
	if (place == MAP_NONE) {
		place = json_array_size(ids);
		map_set(places, key, place);
		json_array_append_new(ids, json_string(id));
	}
	return place;
}

static json_t *cells_value(const struct run_type *type, json_t *ids)
{
	json_t *cells = json_array();
	struct map places = { 0 };
	for (size_t i = 0; i < type->cell_count; i++) {
		const struct run_cell *cell = &type->cells[i];
		json_array_append_new(cells,
				      json_pack("[iiI]", (int)cell->a, (int)cell->b,
						(json_int_t)place_of(&places, ids, cell->finding)));
	}
	map_free(&places);
	return cells;
}

static json_t *orders_value(const struct run_type *type)
{
	json_t *orders = json_array();
	for (size_t i = 0; i < type->order_count; i++) {
		json_t *order = json_object();
		value_put_number(order, "a", type->orders[i].a);
		value_put_number(order, "b", type->orders[i].b);
		value_put_text(order, "by", type->orders[i].by);
		json_array_append_new(orders, order);
	}
	return orders;
}

static json_t *types_value(const struct run_info *info)
{
	json_t *array = json_array();
	for (size_t i = 0; i < info->type_count; i++) {
		const struct run_type *type = &info->types[i];
		json_t *one = json_object(), *counts = json_array(), *ids = json_array();
		value_put_text(one, "name", type->name);
		value_put_texts(one, "bases", type->bases, type->base_count);
		value_put_texts(one, "operations", type->operations, type->operation_count);
		value_put_texts(one, "uncalled", type->uncalled, type->uncalled_count);
		value_put_text(one, "states", type->states);
		for (size_t j = 0; j < CELL_STATES; j++)
			json_array_append_new(counts, json_integer((json_int_t)type->by_state[j]));
		json_object_set_new(one, "counts", counts);
		json_object_set_new(one, "cells", cells_value(type, ids));
		json_object_set_new(one, "ids", ids);
		json_object_set_new(one, "orders", orders_value(type));
		json_array_append_new(array, one);
	}
	return array;
}

/* A cell of each two operations; else the table was changed by hand, and none of it is to be believed. */
static bool is_whole(const struct run_type *type)
{
	size_t count = type->operation_count;
	bool whole = type->name && strlen(type->states ? type->states : "") == count * count;
	for (size_t i = 0; i < type->cell_count; i++)
		whole = whole && type->cells[i].a < count && type->cells[i].b < count;
	for (size_t i = 0; i < type->order_count; i++)
		whole = whole && type->orders[i].a < count && type->orders[i].b < count;
	return whole;
}

static void get_orders(json_t *from, struct run_type *type)
{
	type->order_count = json_array_size(from);
	type->orders = xcalloc(type->order_count + 1, sizeof *type->orders);
	for (size_t i = 0; i < type->order_count; i++) {
		json_t *order = json_array_get(from, i);
		type->orders[i] = (struct run_order){
			(unsigned)value_get_number(order, "a"),
			(unsigned)value_get_number(order, "b"),
			value_get_text(order, "by"),
		};
	}
}

static void get_type(json_t *from, struct run_type *type)
{
	type->name = value_get_text(from, "name");
	type->bases = value_get_texts(from, "bases", &type->base_count);
	type->operations = value_get_texts(from, "operations", &type->operation_count);
	type->uncalled = value_get_texts(from, "uncalled", &type->uncalled_count);
	type->states = value_get_text(from, "states");
	json_t *counts = json_object_get(from, "counts"), *cells = json_object_get(from, "cells");
	json_t *ids = json_object_get(from, "ids");
	/* An older ftstress had no CELL_ORDERED; one before it, no CELL_APART either. */
	size_t missing = CELL_STATES - json_array_size(counts);
	for (size_t i = 0, at = 0; i < CELL_STATES && missing < CELL_STATES; i++)
		if (!(i == CELL_ORDERED && missing > 0) && !(i == CELL_APART && missing > 1))
			type->by_state[i] =
				(uint64_t)json_integer_value(json_array_get(counts, at++));
	get_orders(json_object_get(from, "orders"), type);
	type->cell_count = json_array_size(cells);
	type->cells = xcalloc(type->cell_count + 1, sizeof *type->cells);
	for (size_t i = 0; i < type->cell_count; i++) {
		json_t *cell = json_array_get(cells, i), *id = json_array_get(cell, 2);
		if (json_is_integer(id)) /* before there were ids: the id itself */
			id = json_array_get(ids, (size_t)json_integer_value(id));
		type->cells[i] = (struct run_cell){
			(unsigned)json_integer_value(json_array_get(cell, 0)),
			(unsigned)json_integer_value(json_array_get(cell, 1)),
			xstrdup(json_is_string(id) ? json_string_value(id) : ""),
		};
	}
}

static void get_types(json_t *array, struct run_info *info)
{
	size_t count = json_array_size(array);
	info->types = xcalloc(count + 1, sizeof *info->types);
	for (size_t i = 0; i < count; i++) {
		struct run_type *type = &info->types[info->type_count];
		get_type(json_array_get(array, i), type);
		if (is_whole(type))
			info->type_count++;
		else
			run_type_clear(type);
	}
}

char *run_info_to_json(const struct run_info *info)
{
	json_t *object = json_object();
	for (size_t i = 0; i < COUNT(text_members); i++) {
		char *const *text = member(info, text_members[i].offset);
		value_put_text(object, text_members[i].name, *text);
	}
	for (size_t i = 0; i < COUNT(number_members); i++) {
		const uint64_t *number = member(info, number_members[i].offset);
		value_put_number(object, number_members[i].name, *number);
	}
	json_object_set_new(object, "seconds", json_real(info->seconds));
	value_put_flag(object, "interrupted", info->interrupted);
	value_put_number(object, "exit_code", (uint64_t)info->exit_code);
	json_object_set_new(object, "hooks", hooks_value(info));
	json_object_set_new(object, "rules", rules_value(info));
	json_object_set_new(object, "locks", locks_value(info));
	json_object_set_new(object, "counts", counts_value(info));
	json_object_set_new(object, "slow", slow_value(info));
	json_object_set_new(object, "draws", draws_value(info));
	json_object_set_new(object, "types", types_value(info));
	value_put_texts(object, "untried", info->untried, info->untried_count);
	value_put_texts(object, "notes", info->notes, info->note_count);
	value_put_texts(object, "settings", info->settings, 2 * info->setting_count);
	return value_dump(object);
}

static void get_hooks(json_t *array, struct run_info *info)
{
	info->hook_count = json_array_size(array);
	info->hooks = xcalloc(info->hook_count, sizeof *info->hooks);
	for (size_t i = 0; i < info->hook_count; i++) {
		json_t *one = json_array_get(array, i);
		info->hooks[i].name = value_get_text(one, "name");
		info->hooks[i].live = value_get_flag(one, "live");
		info->hooks[i].off = value_get_flag(one, "off");
		info->hooks[i].why = value_get_text(one, "why");
	}
}

static void get_rules(json_t *array, struct run_info *info)
{
	info->rule_count = json_array_size(array);
	info->rules = xcalloc(info->rule_count, sizeof *info->rules);
	for (size_t i = 0; i < info->rule_count; i++) {
		json_t *one = json_array_get(array, i);
		info->rules[i].rule = value_get_text(one, "rule");
		info->rules[i].file = value_get_text(one, "file");
		info->rules[i].used = value_get_number(one, "used");
	}
}

static void get_counts(json_t *array, struct run_info *info)
{
	info->count_count = json_array_size(array);
	info->counts = xcalloc(info->count_count, sizeof *info->counts);
	for (size_t i = 0; i < info->count_count; i++) {
		json_t *one = json_array_get(array, i);
		info->counts[i] = (struct run_count){
			.type = value_get_text(one, "type"),
			.made = value_get_text(one, "made"),
			.where = value_get_text(one, "where"),
			.changes = value_get_number(one, "changes"),
			.handed_over = value_get_number(one, "handed_over"),
			.threads = value_get_number(one, "threads"),
			.seconds = json_number_value(json_object_get(one, "seconds"))
		};
	}
}

static void get_lock_profile(json_t *array, struct run_info *info)
{
	info->lock_count = json_array_size(array);
	info->locks = xcalloc(info->lock_count, sizeof *info->locks);
	for (size_t i = 0; i < info->lock_count; i++) {
		struct run_lock *lock = &info->locks[i];
		json_t *one = json_array_get(array, i);
		lock->name = value_get_text(one, "name");
		lock->kind = lock_kind_parse(json_string_value(json_object_get(one, "kind")));
		lock->waits = value_get_number(one, "waits");
		lock->waited = json_number_value(json_object_get(one, "waited"));
		lock->longest_wait = json_number_value(json_object_get(one, "longest_wait"));
		lock->longest_hold = json_number_value(json_object_get(one, "longest_hold"));
		lock->where = value_get_text(one, "where");
	}
}

static void get_slow(json_t *array, struct run_info *info)
{
	info->slow_count = json_array_size(array);
	info->slow = xcalloc(info->slow_count, sizeof *info->slow);
	for (size_t i = 0; i < info->slow_count; i++) {
		json_t *one = json_array_get(array, i);
		info->slow[i].test = value_get_text(one, "test");
		info->slow[i].seconds = json_number_value(json_object_get(one, "seconds"));
	}
}

bool run_info_from_json(const char *text, struct run_info *info)
{
	*info = (struct run_info){ 0 };
	json_t *object = json_loads(text, 0, NULL);
	if (!json_is_object(object)) {
		json_decref(object);
		return false;
	}
	for (size_t i = 0; i < COUNT(text_members); i++) {
		char **into = member(info, text_members[i].offset);
		*into = value_get_text(object, text_members[i].name);
	}
	for (size_t i = 0; i < COUNT(number_members); i++) {
		uint64_t *into = member(info, number_members[i].offset);
		*into = value_get_number(object, number_members[i].name);
	}
	info->seconds = json_number_value(json_object_get(object, "seconds"));
	info->interrupted = value_get_flag(object, "interrupted");
	info->exit_code = (int)value_get_number(object, "exit_code");
	get_hooks(json_object_get(object, "hooks"), info);
	get_rules(json_object_get(object, "rules"), info);
	get_lock_profile(json_object_get(object, "locks"), info);
	get_counts(json_object_get(object, "counts"), info);
	get_slow(json_object_get(object, "slow"), info);
	get_draws(json_object_get(object, "draws"), info);
	get_types(json_object_get(object, "types"), info);
	info->untried = value_get_texts(object, "untried", &info->untried_count);
	info->notes = value_get_texts(object, "notes", &info->note_count);
	info->settings = value_get_texts(object, "settings", &info->setting_count);
	if (info->setting_count % 2) /* an option without a value: the store was changed by hand */
		free(info->settings[info->setting_count - 1]);
	info->setting_count /= 2;
	json_decref(object);
	return true;
}

void run_info_clear(struct run_info *info)
{
	for (size_t i = 0; i < COUNT(text_members); i++) {
		char **text = member(info, text_members[i].offset);
		free(*text);
	}
	for (size_t i = 0; i < info->hook_count; i++) {
		free(info->hooks[i].name);
		free(info->hooks[i].why);
	}
	for (size_t i = 0; i < info->rule_count; i++) {
		free(info->rules[i].rule);
		free(info->rules[i].file);
	}
	free(info->hooks);
	free(info->rules);
	for (size_t i = 0; i < info->lock_count; i++) {
		free(info->locks[i].name);
		free(info->locks[i].where);
	}
	free(info->locks);
	for (size_t i = 0; i < info->count_count; i++)
		run_count_clear(&info->counts[i]);
	free(info->counts);
	for (size_t i = 0; i < info->slow_count; i++)
		free(info->slow[i].test);
	free(info->slow);
	free(info->draws);
	for (size_t i = 0; i < info->type_count; i++)
		run_type_clear(&info->types[i]);
	free(info->types);
	strings_free(info->untried, info->untried_count);
	strings_free(info->notes, info->note_count);
	strings_free(info->settings, 2 * info->setting_count);
	*info = (struct run_info){ 0 };
}
