/* fixture.c - see fixture.h. It belongs to tests: what it allocates lives until the process ends.
 */
#include "fixture.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runner/locks/lockname.h"
#include "runner/model/lock_kind.h"
#include "runner/base/util.h"

/* Of a copy of a finding, whose files are there. */
static bool is_copy;

static void die(const char *what, const char *which)
{
	fprintf(stderr, "fixture: %s: %s\n", what, which);
	exit(EXIT_INTERNAL);
}

static char *text_at(const json_t *object, const char *key)
{
	return xstrdup(json_string_value(json_object_get(object, key)));
}

static uint64_t number_at(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

static bool bool_at(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static size_t texts_at(const json_t *object, const char *key, char ***texts)
{
	const json_t *array = json_object_get(object, key);
	size_t count = json_array_size(array);
	*texts = xcalloc(count, sizeof **texts);
	for (size_t i = 0; i < count; i++)
		(*texts)[i] = xstrdup(json_string_value(json_array_get(array, i)));
	return count;
}

/* mkdir -p of the path's folder. */
static void make_folder(const char *path)
{
	char *copy = xstrdup(path);
	for (char *at = copy + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		if (mkdir(copy, 0777) && errno != EEXIST)
			die(copy, strerror(errno));
		*at = '/';
	}
	free(copy);
}

/* Put `lines`, pairs of number and text, into the file; what it has elsewhere stays. */
static void add_source(const char *path, const json_t *lines)
{
	struct buf out = { 0 };
	make_folder(path);
	char *old = read_file(path, NULL);
	const char *rest = old ? old : "";
	const json_t *last = json_array_get(lines, json_array_size(lines) - 1);
	json_int_t end = json_integer_value(json_array_get(last, 0));
	json_int_t first = json_integer_value(json_array_get(json_array_get(lines, 0), 0));
	for (json_int_t i = 1; i <= end || *rest; i++) {
		size_t length = strcspn(rest, "\n");
		if (i >= first && i <= end) {
			const json_t *pair = json_array_get(lines, (size_t)(i - first));
			buf_puts(&out, json_string_value(json_array_get(pair, 1)));
		} else {
			buf_add(&out, rest, length);
		}
		buf_puts(&out, "\n");
		rest += length + (rest[length] != '\0');
	}
	FILE *file = fopen(path, "w");
	if (!file || fputs(out.data, file) < 0 || fclose(file))
		die(path, strerror(errno));
	buf_free(&out);
	free(old);
}

static enum frame_language language_of(const char *name)
{
	for (enum frame_language i = FRAME_PYTHON; i <= FRAME_UNKNOWN; i++) {
		if (name && !strcmp(frame_language_name(i), name))
			return i;
	}
	die("no language", name ? name : "(null)");
	return FRAME_UNKNOWN;
}

static struct stack stack_at(const json_t *object, const char *key, const char *root)
{
	const json_t *array = json_object_get(object, key);
	struct stack stack = { .count = json_array_size(array) };
	stack.frames = xcalloc(stack.count, sizeof *stack.frames);
	for (size_t i = 0; i < stack.count; i++) {
		const json_t *item = json_array_get(array, i);
		struct frame *frame = &stack.frames[i];
		frame->language = language_of(json_string_value(json_object_get(item, "language")));
		frame->function = text_at(item, "function");
		frame->file = text_at(item, "file");
		frame->line = (int)number_at(item, "line");
		frame->module = text_at(item, "module");
		frame->plumbing = bool_at(item, "plumbing");
		frame->is_inline = bool_at(item, "inline");
		if (frame->file && !strncmp(frame->file, "$ROOT/", 6)) {
			char *path = xprintf("%s/%s", root, frame->file + 6);
			free(frame->file);
			frame->file = path;
		}
		const json_t *source = json_object_get(item, "source");
		if (json_array_size(source) && !is_copy)
			add_source(frame->file, source);
	}
	return stack;
}

static struct participant participant_of(const json_t *item, const char *root)
{
	struct participant side = {
		.role = text_at(item, "role"),
		.thread = text_at(item, "thread"),
		.atomic = bool_at(item, "atomic"),
		.size = number_at(item, "size"),
		.stack = stack_at(item, "frames", root),
		.created = stack_at(item, "created", root),
	};
	const char *access = json_string_value(json_object_get(item, "access"));
	side.write = access && !strcmp(access, "write");
	const char *address = json_string_value(json_object_get(item, "address"));
	side.address = address ? strtoull(address, NULL, 16) : 0;
	const json_t *locks = json_object_get(item, "locks");
	side.lock_count = json_array_size(locks);
	side.locks = xcalloc(side.lock_count, sizeof *side.locks);
	for (size_t i = 0; i < side.lock_count; i++) {
		const json_t *lock = json_array_get(locks, i);
		side.locks[i].name = text_at(lock, "name");
		side.locks[i].created = stack_at(lock, "frames", root);
	}
	return side;
}

static enum finding_status status_of(const char *name)
{
	for (enum finding_status i = STATUS_NEW; i < STATUS_COUNT; i++) {
		if (name && !strcmp(finding_status_name(i), name))
			return i;
	}
	die("no status", name ? name : "(null)");
	return STATUS_NEW;
}

static enum evidence shows_of(const json_t *item)
{
	const char *name = json_string_value(json_object_get(item, "shows"));
	return name && !strcmp(name, "loses") ? EVIDENCE_LOSES : EVIDENCE_NONE;
}

static struct finding finding_of(const json_t *item, const char *root)
{
	struct finding finding = {
		.id = text_at(item, "id"),
		.status = status_of(json_string_value(json_object_get(item, "status"))),
		.title = text_at(item, "title"),
		.explanation = text_at(item, "explanation"),
		.detail = text_at(item, "detail"),
		.said = text_at(item, "said"),
		.graph = text_at(item, "graph"),
		.count = number_at(item, "count"),
		.run_count = number_at(item, "run_count"),
		.first_seen = (int64_t)number_at(item, "first_seen"),
		.last_seen = (int64_t)number_at(item, "last_seen"),
		.command = text_at(item, "command"),
		.suppressed_by = text_at(item, "suppressed_by"),
		.evidence = text_at(item, "evidence"),
		.shows = shows_of(item),
	};
	const char *name = json_string_value(json_object_get(item, "kind"));
	int kind = name ? finding_kind_parse(name) : -1;
	if (kind < 0)
		die("no kind", name ? name : "(null)");
	finding.kind = (enum finding_kind)kind;
	finding.replay_count = texts_at(item, "replays", &finding.replays);
	finding.test_count = texts_at(item, "tests", &finding.tests);
	const json_t *gil = json_object_get(item, "gil");
	for (size_t i = 0; i < json_array_size(gil); i++) {
		bool on = !strcmp(json_string_value(json_array_get(gil, i)), "on");
		finding.gil_on |= on;
		finding.gil_off |= !on;
	}
	const json_t *subject = json_object_get(item, "subject");
	if (json_is_object(subject)) {
		finding.subject.description = text_at(subject, "description");
		finding.subject.kind =
			subject_kind_parse(json_string_value(json_object_get(subject, "kind")));
		finding.subject.type = text_at(subject, "type");
		finding.subject.offset = number_at(subject, "offset");
		finding.subject.size = number_at(subject, "size");
		finding.subject.allocated = stack_at(subject, "allocated", root);
	}
	const json_t *threads = json_object_get(item, "threads");
	finding.participant_count = json_array_size(threads);
	finding.participants = xcalloc(finding.participant_count, sizeof *finding.participants);
	for (size_t i = 0; i < finding.participant_count; i++)
		finding.participants[i] = participant_of(json_array_get(threads, i), root);
	return finding;
}

static void load_locks(struct run_info *run, const json_t *locks)
{
	run->lock_count = json_array_size(locks);
	run->locks = xcalloc(run->lock_count, sizeof *run->locks);
	for (size_t i = 0; i < run->lock_count; i++) {
		const json_t *lock = json_array_get(locks, i);
		run->locks[i] = (struct run_lock){
			.name = text_at(lock, "class"),
			.kind = lock_kind_parse(json_string_value(json_object_get(lock, "kind"))),
			.waits = number_at(lock, "waits"),
			.waited = json_number_value(json_object_get(lock, "waited_s")),
			.longest_wait = json_number_value(json_object_get(lock, "longest_wait_s")),
			.longest_hold = json_number_value(json_object_get(lock, "longest_hold_s")),
			.where = text_at(lock, "where"),
		};
	}
}

static void load_counts(struct run_info *run, const json_t *counts)
{
	run->count_count = json_array_size(counts);
	run->counts = xcalloc(run->count_count, sizeof *run->counts);
	for (size_t i = 0; i < run->count_count; i++) {
		const json_t *count = json_array_get(counts, i);
		run->counts[i] = (struct run_count){ .type = text_at(count, "type"),
						     .made = text_at(count, "made"),
						     .where = text_at(count, "where"),
						     .changes = number_at(count, "changes"),
						     .handed_over = number_at(count, "handed_over"),
						     .threads = number_at(count, "threads"),
						     .seconds = json_number_value(
							     json_object_get(count, "seconds")) };
	}
}

static void load_slow(struct run_info *run, const json_t *tests)
{
	run->slow_count = json_array_size(tests);
	run->slow = xcalloc(run->slow_count, sizeof *run->slow);
	for (size_t i = 0; i < run->slow_count; i++) {
		const json_t *test = json_array_get(tests, i);
		run->slow[i] = (struct run_slow){
			.test = text_at(test, "test"),
			.seconds = json_number_value(json_object_get(test, "seconds")),
		};
	}
}

static uint64_t *count_of(struct run_type *type, size_t at)
{
	const char *letter = strchr(CELL_LETTERS, type->states[at]);
	if (!type->states[at] || !letter)
		die("a cell's letter", type->name);
	return &type->by_state[letter - CELL_LETTERS];
}

static struct run_type type_of(const json_t *item)
{
	const json_t *rows = json_object_get(item, "rows");
	const json_t *findings = json_object_get(item, "findings");
	struct run_type type = { .name = text_at(item, "name") };
	type.operation_count = texts_at(item, "operations", &type.operations);
	type.states = xcalloc(type.operation_count * type.operation_count + 1, 1);
	for (size_t i = 0; i < type.operation_count; i++) {
		const char *row = json_string_value(json_array_get(rows, i));
		if (!row || strlen(row) != type.operation_count)
			die("a row for each operation", type.name);
		memcpy(type.states + i * type.operation_count, row, type.operation_count);
		for (size_t j = 0; j <= i; j++)
			(*count_of(&type, i * type.operation_count + j))++;
	}
	type.uncalled_count = texts_at(item, "not_called", &type.uncalled);
	const json_t *ordered = json_object_get(item, "ordered");
	type.order_count = json_array_size(ordered);
	type.orders = xcalloc(type.order_count + 1, sizeof *type.orders);
	for (size_t i = 0; i < type.order_count; i++) {
		const json_t *order = json_array_get(ordered, i);
		type.orders[i] = (struct run_order){
			(unsigned)json_integer_value(json_array_get(order, 0)),
			(unsigned)json_integer_value(json_array_get(order, 1)),
			xstrdup(json_string_value(json_array_get(order, 2))),
		};
	}
	type.cell_count = json_array_size(findings);
	type.cells = xcalloc(type.cell_count, sizeof *type.cells);
	for (size_t i = 0; i < type.cell_count; i++) {
		const json_t *cell = json_array_get(findings, i);
		type.cells[i] = (struct run_cell){
			(unsigned)json_integer_value(json_array_get(cell, 0)),
			(unsigned)json_integer_value(json_array_get(cell, 1)),
			xstrdup(json_string_value(json_array_get(cell, 2))),
		};
	}
	return type;
}

static void load_types(struct run_info *run, const json_t *types)
{
	run->type_count = json_array_size(types);
	run->types = xcalloc(run->type_count, sizeof *run->types);
	for (size_t i = 0; i < run->type_count; i++)
		run->types[i] = type_of(json_array_get(types, i));
}

static void load_lists(struct run_info *run, const json_t *item)
{
	const json_t *hooks = json_object_get(item, "hooks");
	run->hook_count = json_array_size(hooks);
	run->hooks = xcalloc(run->hook_count, sizeof *run->hooks);
	for (size_t i = 0; i < run->hook_count; i++) {
		const json_t *hook = json_array_get(hooks, i);
		run->hooks[i] = (struct run_hook){ text_at(hook, "name"), bool_at(hook, "live"),
						   bool_at(hook, "off"), text_at(hook, "why") };
	}
	const json_t *rules = json_object_get(item, "suppressions");
	run->rule_count = json_array_size(rules);
	run->rules = xcalloc(run->rule_count, sizeof *run->rules);
	for (size_t i = 0; i < run->rule_count; i++) {
		const json_t *rule = json_array_get(rules, i);
		run->rules[i] = (struct run_rule){ text_at(rule, "rule"), text_at(rule, "file"),
						   number_at(rule, "used") };
	}
	load_locks(run, json_object_get(item, "lock_profile"));
	load_counts(run, json_object_get(item, "count_profile"));
	load_slow(run, json_object_get(item, "slowest"));
	load_types(run, json_object_get(item, "types"));
	run->untried_count = texts_at(item, "untried", &run->untried);
	run->note_count = texts_at(item, "notes", &run->notes);
	const json_t *settings = json_object_get(item, "settings");
	run->setting_count = json_array_size(settings);
	run->settings = xcalloc(run->setting_count * 2, sizeof *run->settings);
	for (size_t i = 0; i < run->setting_count * 2; i++) {
		const json_t *pair = json_array_get(settings, i / 2);
		run->settings[i] = xstrdup(json_string_value(json_array_get(pair, i % 2)));
	}
}

static void load_run(struct run_info *run, const json_t *item)
{
	const json_t *iterations = json_object_get(item, "iterations");
	const json_t *tests = json_object_get(item, "tests");
	*run = (struct run_info){
		.suite = text_at(item, "suite"),
		.suite_file = text_at(item, "suite_file"),
		.version = text_at(item, "version"),
		.python = text_at(item, "python"),
		.python_version = text_at(item, "python_version"),
		.seed = text_at(item, "seed"),
		.command = text_at(item, "command"),
		.started = (int64_t)number_at(item, "started"),
		.ended = (int64_t)number_at(item, "ended"),
		.seconds = json_number_value(json_object_get(item, "seconds")),
		.iterations_planned = number_at(iterations, "planned"),
		.iterations_done = number_at(iterations, "done"),
		.iterations_gil_on = number_at(iterations, "gil_on"),
		.tests_run = number_at(tests, "run"),
		.tests_distinct = number_at(tests, "distinct"),
		.tests_total = number_at(tests, "total"),
		.tests_thread_unsafe = number_at(tests, "thread_unsafe"),
		.tests_skipped = number_at(tests, "skipped"),
		.tests_threaded = number_at(tests, "in_threads"),
		.tests_turns = number_at(tests, "in_turns"),
		.tests_overlap = number_at(tests, "overlapping"),
		.tests_selected = number_at(tests, "selected"),
		.tests_tried = number_at(tests, "tried"),
		.alone_why = text_at(tests, "alone_why"),
		.records = number_at(item, "records"),
		.records_lost = number_at(item, "records_lost"),
		.interrupted = bool_at(item, "interrupted"),
		.exit_code = (int)number_at(item, "exit_code"),
	};
	const json_t *threads = json_object_get(tests, "threads");
	run->threads_least = (uint64_t)json_integer_value(json_array_get(threads, 0));
	run->threads_most = (uint64_t)json_integer_value(json_array_get(threads, 1));
	load_lists(run, item);
}

static void replace(char **text, char *with)
{
	free(*text);
	*text = with;
}

/*
 * A finding of its own: on an object of another type, made at another line, and with one function on each
 * side that no other one has.
 */
static void vary(struct finding *finding, size_t number)
{
	replace(&finding->id, xprintf("%s-%012zx", finding_kind_name(finding->kind), number));
	replace(&finding->title, xprintf("%s (%zu)", finding->title, number));
	replace(&finding->explanation, xprintf("%s (%zu)", finding->explanation, number));
	if (finding->subject.type)
		replace(&finding->subject.type, xprintf("m.Type%zu", number));
	for (size_t i = 0; i < finding->subject.allocated.count; i++)
		finding->subject.allocated.frames[i].line += (int)number;
	for (size_t i = 0; i < finding->participant_count; i++) {
		struct stack *stack = &finding->participants[i].stack;
		if (!stack->count)
			continue;
		struct frame *frame = &stack->frames[0];
		replace(&frame->function, xprintf("%s_%zu", frame->function, number));
	}
}

void fixture_load(struct fixture *fixture, const char *path, const char *root, unsigned copies)
{
	json_error_t error;
	json_t *json = json_load_file(path, 0, &error);
	if (!json)
		die(path, error.text);
	load_run(&fixture->run, json_object_get(json, "run"));
	const json_t *findings = json_object_get(json, "findings");
	size_t own = json_array_size(findings), count = own * copies;
	fixture->findings = xcalloc(count, sizeof *fixture->findings);
	fixture->list = xcalloc(count, sizeof *fixture->list);
	for (size_t i = 0; i < count; i++) {
		struct finding *finding = &fixture->findings[i];
		is_copy = i >= own;
		*finding = finding_of(json_array_get(findings, i % own), root);
		if (copies > 1)
			vary(finding, i);
		fixture->list[i] = finding;
	}
	fixture->input = (struct report_input){ .run = &fixture->run,
						.findings = fixture->list,
						.count = count };
	json_decref(json);
}
