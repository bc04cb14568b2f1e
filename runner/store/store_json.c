/* store_json.c - see store_json.h. If a key is missing, the member is 0 or NULL. */
#include "runner/store/store_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "runner/store/store.h"
#include "runner/model/lock_kind.h"
#include "runner/model/matrix.h"
#include "runner/base/util.h"

/* ---- values ---- */

/* A JSON string. Text of a program under test need not be UTF-8: bad bytes become U+FFFD. */
static json_t *text_value(const char *text)
{
	json_t *value = json_string(text);
	if (value)
		return value;
	char *clean = utf8_text(text, strlen(text));
	value = json_string(clean);
	free(clean);
	return value;
}

static void put_text(json_t *object, const char *key, const char *text)
{
	if (text)
		json_object_set_new(object, key, text_value(text));
}

/* 0 is left out. An address fits, since user space ends below 2^63. */
static void put_number(json_t *object, const char *key, uint64_t value)
{
	if (value)
		json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void put_flag(json_t *object, const char *key, bool value)
{
	if (value)
		json_object_set_new(object, key, json_true());
}

static char *get_text(json_t *object, const char *key)
{
	return xstrdup(json_string_value(json_object_get(object, key)));
}

static uint64_t get_number(json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

static bool get_flag(json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static void put_texts(json_t *object, const char *key, char *const *texts, size_t count)
{
	json_t *array = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, text_value(texts[i] ? texts[i] : ""));
	json_object_set_new(object, key, array);
}

static char **get_texts(json_t *object, const char *key, size_t *count)
{
	json_t *array = json_object_get(object, key);
	*count = json_array_size(array);
	char **texts = xcalloc(*count, sizeof *texts);
	for (size_t i = 0; i < *count; i++) {
		const char *text = json_string_value(json_array_get(array, i));
		texts[i] = xstrdup(text ? text : "");
	}
	return texts;
}

static char *dump(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);
	char *copy = xstrdup(text ? text : "{}");
	free(text);
	json_decref(object);
	return copy;
}

/* ---- findings ---- */

static void put_stack(json_t *object, const char *key, const struct stack *stack)
{
	json_t *array = json_array();
	for (size_t i = 0; i < stack->count; i++) {
		const struct frame *frame = &stack->frames[i];
		json_t *one = json_object();
		put_text(one, "function", frame->function);
		put_text(one, "file", frame->file);
		put_text(one, "module", frame->module);
		put_number(one, "line", (uint64_t)frame->line);
		put_number(one, "language", (uint64_t)frame->language);
		put_flag(one, "plumbing", frame->plumbing);
		put_flag(one, "inline", frame->is_inline);
		put_flag(one, "near", frame->near_line);
		json_array_append_new(array, one);
	}
	json_object_set_new(object, key, array);
}

static struct stack get_stack(json_t *object, const char *key)
{
	json_t *array = json_object_get(object, key);
	struct stack stack = { .count = json_array_size(array) };
	stack.frames = xcalloc(stack.count, sizeof *stack.frames);
	for (size_t i = 0; i < stack.count; i++) {
		json_t *one = json_array_get(array, i);
		struct frame *frame = &stack.frames[i];
		uint64_t language = get_number(one, "language");
		frame->function = get_text(one, "function");
		if (!frame->function)
			frame->function = xstrdup("?");
		frame->file = get_text(one, "file");
		frame->module = get_text(one, "module");
		frame->line = (int)get_number(one, "line");
		frame->language =
			language <= FRAME_UNKNOWN ? (enum frame_language)language : FRAME_UNKNOWN;
		frame->plumbing = get_flag(one, "plumbing");
		frame->is_inline = get_flag(one, "inline");
		frame->near_line = get_flag(one, "near");
	}
	return stack;
}

static void put_locks(json_t *object, const struct participant *participant)
{
	json_t *array = json_array();
	for (size_t i = 0; i < participant->lock_count; i++) {
		json_t *one = json_object();
		put_text(one, "name", participant->locks[i].name);
		put_number(one, "address", participant->locks[i].address);
		put_flag(one, "shared", participant->locks[i].shared);
		put_stack(one, "created", &participant->locks[i].created);
		json_array_append_new(array, one);
	}
	json_object_set_new(object, "locks", array);
}

static void get_locks(json_t *object, struct participant *participant)
{
	json_t *array = json_object_get(object, "locks");
	participant->lock_count = json_array_size(array);
	participant->locks = xcalloc(participant->lock_count, sizeof *participant->locks);
	for (size_t i = 0; i < participant->lock_count; i++) {
		json_t *one = json_array_get(array, i);
		participant->locks[i].name = get_text(one, "name");
		participant->locks[i].address = get_number(one, "address");
		participant->locks[i].shared = get_flag(one, "shared");
		participant->locks[i].created = get_stack(one, "created");
	}
}

static json_t *participant_value(const struct participant *participant)
{
	json_t *one = json_object();
	put_text(one, "role", participant->role);
	put_text(one, "thread", participant->thread);
	put_flag(one, "write", participant->write);
	put_flag(one, "atomic", participant->atomic);
	put_flag(one, "frees", participant->frees);
	put_number(one, "address", participant->address);
	put_number(one, "size", participant->size);
	put_text(one, "type", participant->type);
	put_text(one, "operation", participant->operation);
	put_stack(one, "stack", &participant->stack);
	put_stack(one, "created", &participant->created);
	put_locks(one, participant);
	return one;
}

static struct participant get_participant(json_t *one)
{
	struct participant participant = {
		.role = get_text(one, "role"),
		.thread = get_text(one, "thread"),
		.write = get_flag(one, "write"),
		.atomic = get_flag(one, "atomic"),
		.frees = get_flag(one, "frees"),
		.address = get_number(one, "address"),
		.size = get_number(one, "size"),
		.type = get_text(one, "type"),
		.operation = get_text(one, "operation"),
		.stack = get_stack(one, "stack"),
		.created = get_stack(one, "created"),
	};
	get_locks(one, &participant);
	return participant;
}

static void put_subject(json_t *object, const struct subject *subject)
{
	put_text(object, "subject", subject->description);
	put_text(object, "subject_type", subject->type);
	put_text(object, "subject_member", subject->member);
	if (subject->kind != SUBJECT_UNKNOWN)
		put_text(object, "subject_kind", subject_kind_name(subject->kind));
	put_number(object, "subject_offset", subject->offset);
	put_number(object, "subject_size", subject->size);
	put_stack(object, "allocated", &subject->allocated);
}

/* Where an older ftstress wrote the description alone, the kind is not known. */
static struct subject get_subject(json_t *object)
{
	char *kind = get_text(object, "subject_kind");
	struct subject subject = { .kind = subject_kind_parse(kind),
				   .type = get_text(object, "subject_type"),
				   .member = get_text(object, "subject_member"),
				   .offset = get_number(object, "subject_offset"),
				   .size = get_number(object, "subject_size"),
				   .description = get_text(object, "subject"),
				   .allocated = get_stack(object, "allocated") };
	free(kind);
	return subject;
}

char *finding_to_json(const struct finding *finding)
{
	json_t *object = json_object(), *participants = json_array();
	put_text(object, "explanation", finding->explanation);
	put_text(object, "detail", finding->detail);
	put_text(object, "said", finding->said);
	put_text(object, "because", finding->because);
	put_text(object, "cause", finding->cause);
	put_text(object, "graph", finding->graph);
	put_text(object, "command", finding->command);
	put_text(object, "suppressed_by", finding->suppressed_by);
	put_flag(object, "gil_off", finding->gil_off);
	put_flag(object, "gil_on", finding->gil_on);
	put_text(object, "evidence", finding->evidence);
	put_text(object, "interleaving", finding->interleaving);
	put_text(object, "script", finding->script);
	put_text(object, "no_script", finding->no_script);
	put_number(object, "evidence_shows", finding->shows);
	put_number(object, "as_written_runs", finding->as_written_runs);
	put_number(object, "as_written_seen", finding->as_written_seen);
	put_subject(object, &finding->subject);
	for (size_t i = 0; i < finding->participant_count; i++)
		json_array_append_new(participants, participant_value(&finding->participants[i]));
	json_object_set_new(object, "participants", participants);
	return dump(object);
}

bool finding_from_json(const char *text, struct finding *finding)
{
	json_t *object = json_loads(text, 0, NULL);
	if (!json_is_object(object)) {
		json_decref(object);
		return false;
	}
	json_t *participants = json_object_get(object, "participants");
	finding->explanation = get_text(object, "explanation");
	finding->detail = get_text(object, "detail");
	finding->said = get_text(object, "said");
	finding->because = get_text(object, "because");
	finding->cause = get_text(object, "cause");
	finding->graph = get_text(object, "graph");
	finding->command = get_text(object, "command");
	finding->suppressed_by = get_text(object, "suppressed_by");
	finding->gil_off = get_flag(object, "gil_off");
	finding->gil_on = get_flag(object, "gil_on");
	finding->evidence = get_text(object, "evidence");
	finding->interleaving = get_text(object, "interleaving");
	finding->script = get_text(object, "script");
	finding->no_script = get_text(object, "no_script");
	finding->shows = (enum evidence)get_number(object, "evidence_shows");
	finding->as_written_runs = (unsigned)get_number(object, "as_written_runs");
	finding->as_written_seen = (unsigned)get_number(object, "as_written_seen");
	finding->subject = get_subject(object);
	finding->participant_count = json_array_size(participants);
	finding->participants = xcalloc(finding->participant_count, sizeof *finding->participants);
	for (size_t i = 0; i < finding->participant_count; i++)
		finding->participants[i] = get_participant(json_array_get(participants, i));
	json_decref(object);
	return true;
}

/* ---- facts of a run ---- */

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
		put_text(one, "name", info->hooks[i].name);
		put_flag(one, "live", info->hooks[i].live);
		put_flag(one, "off", info->hooks[i].off);
		put_text(one, "why", info->hooks[i].why);
		json_array_append_new(array, one);
	}
	return array;
}

static json_t *rules_value(const struct run_info *info)
{
	json_t *array = json_array();
	for (size_t i = 0; i < info->rule_count; i++) {
		json_t *one = json_object();
		put_text(one, "rule", info->rules[i].rule);
		put_text(one, "file", info->rules[i].file);
		put_number(one, "used", info->rules[i].used);
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
		put_text(one, "name", lock->name);
		put_text(one, "kind", lock->kind);
		put_number(one, "waits", lock->waits);
		json_object_set_new(one, "waited", json_real(lock->waited));
		json_object_set_new(one, "longest_wait", json_real(lock->longest_wait));
		json_object_set_new(one, "longest_hold", json_real(lock->longest_hold));
		put_text(one, "where", lock->where);
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
		put_text(one, "type", count->type);
		put_text(one, "made", count->made);
		put_text(one, "where", count->where);
		put_number(one, "changes", count->changes);
		put_number(one, "handed_over", count->handed_over);
		put_number(one, "threads", count->threads);
		json_array_append_new(array, one);
	}
	return array;
}

static json_t *slow_value(const struct run_info *info)
{
	json_t *array = json_array();
	for (size_t i = 0; i < info->slow_count; i++) {
		json_t *one = json_object();
		put_text(one, "test", info->slow[i].test);
		json_object_set_new(one, "seconds", json_real(info->slow[i].seconds));
		json_array_append_new(array, one);
	}
	return array;
}

static json_t *types_value(const struct run_info *info)
{
	json_t *array = json_array();
	for (size_t i = 0; i < info->type_count; i++) {
		const struct run_type *type = &info->types[i];
		json_t *one = json_object(), *cells = json_array(), *counts = json_array();
		put_text(one, "name", type->name);
		put_texts(one, "operations", type->operations, type->operation_count);
		put_text(one, "states", type->states);
		for (size_t j = 0; j < CELL_STATES; j++)
			json_array_append_new(counts, json_integer((json_int_t)type->by_state[j]));
		json_object_set_new(one, "counts", counts);
		for (size_t j = 0; j < type->cell_count; j++)
			json_array_append_new(cells, json_pack("[iis]", (int)type->cells[j].a,
							       (int)type->cells[j].b,
							       type->cells[j].finding));
		json_object_set_new(one, "cells", cells);
		json_array_append_new(array, one);
	}
	return array;
}

static void get_type(json_t *from, struct run_type *type)
{
	type->name = get_text(from, "name");
	type->operations = get_texts(from, "operations", &type->operation_count);
	type->states = get_text(from, "states");
	json_t *counts = json_object_get(from, "counts"), *cells = json_object_get(from, "cells");
	/* A run of before there was CELL_APART has one less. */
	size_t missing = json_array_size(counts) < CELL_STATES ? CELL_APART : CELL_STATES;
	for (size_t i = 0; i < CELL_STATES; i++)
		if (i != missing)
			type->by_state[i] = (uint64_t)json_integer_value(
				json_array_get(counts, i - (i > missing)));
	type->cell_count = json_array_size(cells);
	type->cells = xcalloc(type->cell_count + 1, sizeof *type->cells);
	for (size_t i = 0; i < type->cell_count; i++) {
		json_t *cell = json_array_get(cells, i);
		type->cells[i] = (struct run_cell){
			(unsigned)json_integer_value(json_array_get(cell, 0)),
			(unsigned)json_integer_value(json_array_get(cell, 1)),
			xstrdup(json_string_value(json_array_get(cell, 2))),
		};
	}
}

static void get_types(json_t *array, struct run_info *info)
{
	info->type_count = json_array_size(array);
	info->types = xcalloc(info->type_count + 1, sizeof *info->types);
	for (size_t i = 0; i < info->type_count; i++)
		get_type(json_array_get(array, i), &info->types[i]);
}

char *run_info_to_json(const struct run_info *info)
{
	json_t *object = json_object();
	for (size_t i = 0; i < COUNT(text_members); i++) {
		char *const *text = member(info, text_members[i].offset);
		put_text(object, text_members[i].name, *text);
	}
	for (size_t i = 0; i < COUNT(number_members); i++) {
		const uint64_t *number = member(info, number_members[i].offset);
		put_number(object, number_members[i].name, *number);
	}
	json_object_set_new(object, "seconds", json_real(info->seconds));
	put_flag(object, "interrupted", info->interrupted);
	put_number(object, "exit_code", (uint64_t)info->exit_code);
	json_object_set_new(object, "hooks", hooks_value(info));
	json_object_set_new(object, "rules", rules_value(info));
	json_object_set_new(object, "locks", locks_value(info));
	json_object_set_new(object, "counts", counts_value(info));
	json_object_set_new(object, "slow", slow_value(info));
	json_object_set_new(object, "types", types_value(info));
	put_texts(object, "notes", info->notes, info->note_count);
	put_texts(object, "settings", info->settings, 2 * info->setting_count);
	return dump(object);
}

static void get_hooks(json_t *array, struct run_info *info)
{
	info->hook_count = json_array_size(array);
	info->hooks = xcalloc(info->hook_count, sizeof *info->hooks);
	for (size_t i = 0; i < info->hook_count; i++) {
		json_t *one = json_array_get(array, i);
		info->hooks[i].name = get_text(one, "name");
		info->hooks[i].live = get_flag(one, "live");
		info->hooks[i].off = get_flag(one, "off");
		info->hooks[i].why = get_text(one, "why");
	}
}

static void get_rules(json_t *array, struct run_info *info)
{
	info->rule_count = json_array_size(array);
	info->rules = xcalloc(info->rule_count, sizeof *info->rules);
	for (size_t i = 0; i < info->rule_count; i++) {
		json_t *one = json_array_get(array, i);
		info->rules[i].rule = get_text(one, "rule");
		info->rules[i].file = get_text(one, "file");
		info->rules[i].used = get_number(one, "used");
	}
}

static void get_counts(json_t *array, struct run_info *info)
{
	info->count_count = json_array_size(array);
	info->counts = xcalloc(info->count_count, sizeof *info->counts);
	for (size_t i = 0; i < info->count_count; i++) {
		json_t *one = json_array_get(array, i);
		info->counts[i] = (struct run_count){ .type = get_text(one, "type"),
						      .made = get_text(one, "made"),
						      .where = get_text(one, "where"),
						      .changes = get_number(one, "changes"),
						      .handed_over = get_number(one, "handed_over"),
						      .threads = get_number(one, "threads") };
	}
}

static void get_lock_profile(json_t *array, struct run_info *info)
{
	info->lock_count = json_array_size(array);
	info->locks = xcalloc(info->lock_count, sizeof *info->locks);
	for (size_t i = 0; i < info->lock_count; i++) {
		struct run_lock *lock = &info->locks[i];
		json_t *one = json_array_get(array, i);
		lock->name = get_text(one, "name");
		lock->kind = lock_kind_parse(json_string_value(json_object_get(one, "kind")));
		lock->waits = get_number(one, "waits");
		lock->waited = json_number_value(json_object_get(one, "waited"));
		lock->longest_wait = json_number_value(json_object_get(one, "longest_wait"));
		lock->longest_hold = json_number_value(json_object_get(one, "longest_hold"));
		lock->where = get_text(one, "where");
	}
}

static void get_slow(json_t *array, struct run_info *info)
{
	info->slow_count = json_array_size(array);
	info->slow = xcalloc(info->slow_count, sizeof *info->slow);
	for (size_t i = 0; i < info->slow_count; i++) {
		json_t *one = json_array_get(array, i);
		info->slow[i].test = get_text(one, "test");
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
		*into = get_text(object, text_members[i].name);
	}
	for (size_t i = 0; i < COUNT(number_members); i++) {
		uint64_t *into = member(info, number_members[i].offset);
		*into = get_number(object, number_members[i].name);
	}
	info->seconds = json_number_value(json_object_get(object, "seconds"));
	info->interrupted = get_flag(object, "interrupted");
	info->exit_code = (int)get_number(object, "exit_code");
	get_hooks(json_object_get(object, "hooks"), info);
	get_rules(json_object_get(object, "rules"), info);
	get_lock_profile(json_object_get(object, "locks"), info);
	get_counts(json_object_get(object, "counts"), info);
	get_slow(json_object_get(object, "slow"), info);
	get_types(json_object_get(object, "types"), info);
	info->notes = get_texts(object, "notes", &info->note_count);
	info->settings = get_texts(object, "settings", &info->setting_count);
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
	for (size_t i = 0; i < info->type_count; i++)
		run_type_clear(&info->types[i]);
	free(info->types);
	strings_free(info->notes, info->note_count);
	strings_free(info->settings, 2 * info->setting_count);
	*info = (struct run_info){ 0 };
}
