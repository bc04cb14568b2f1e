/* report.c - the writers: each format keeps its promises whatever the text and the output are. */
/* Before cmocka, whose fail() is a macro. */
#include "runner/base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <zlib.h>
#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/report.h"

#define HOSTILE "</script><!--<script>alert(1)</script>\n# TODO \\ \033[31m\xff\xc3"

static struct frame write_frames[] = {
	{ FRAME_C, "store_word", "/src/words.c", 17, "words.so", false, false, false },
	{ FRAME_C, "_PyEval_Vector", "/src/ceval.c", 12, "libpython.so", true, false, false },
	{ FRAME_PYTHON, "fill", "/env/lib/python3.14/site-packages/words/test_fill.py", 8, NULL,
	  false, false, false },
};
static struct frame read_frames[] = {
	{ FRAME_CYTHON, "Words.__getitem__", "/src/words.pyx", 31, "words.so", false, true, false },
	{ FRAME_UNKNOWN, "words.so+0x12ab", NULL, 0, "words.so", false, false, false },
};
static struct held_lock locks[] = { { .name = "Words.lock", .created = { read_frames, 1 } } };
static struct participant sides[] = {
	{ .role = "write of 4 bytes",
	  .thread = "Thread T1",
	  .write = true,
	  .address = 0x7b10,
	  .size = 4,
	  .stack = { write_frames, 3 },
	  .created = { write_frames, 1 },
	  .locks = locks,
	  .lock_count = 1 },
	{ .role = "read of 4 bytes",
	  .thread = "Thread T2",
	  .address = 0x7b10,
	  .size = 4,
	  .stack = { read_frames, 2 } },
};
static char *replays[] = { "1f.c.2", "1f.d.3", "2e.0.0" };
static char *tests[] = { "test_fill.py::test_fill" };
static char *pair_tests[] = { "words.Box::add|pop" };
static struct run_hook hooks[] = { { "data races", true, false, NULL },
				   { "turns", false, true, "off, as asked" },
				   { "locks", false, false, "no symbol" } };
static struct run_rule rules[] = { { "race:words", "words.supp:1", 0 } };
static char *notes[] = { "1 test fails alone" };
static char *settings[] = { "threads", "2-8", "gil", "mixed" };

static struct finding race(enum finding_status status)
{
	return (struct finding){
		.id = "data-race-0123456789ab",
		.kind = FINDING_DATA_RACE,
		.status = status,
		.title = "Words: filling against reading",
		.count = 20,
		.run_count = 14,
		.first_seen = 1700000000,
		.last_seen = 1700000100,
		.replays = replays,
		.replay_count = 3,
		.tests = tests,
		.test_count = 1,
		.command = "ftstress --suite words --replay 1f.c.2",
		.gil_off = true,
		.subject = { .description = "4 bytes of a Words object",
			     .allocated = { read_frames, 2 } },
		.participants = sides,
		.participant_count = 2,
	};
}

#define TRIED                                                                                      \
	"Tried: 4 of 1,404 tests, 3 of them in 2 to 8 threads (3 in turns, 2 overlapping), 1 in "  \
	"one thread only (most: uses thread-unsafe fixtures: capsys)."
#define DEAD "Not observed, so there may be more: locks (no symbol).\n"
#define NEXT                                                                                       \
	"Next: the same command goes on with the other 1,400: about 350 runs of this length, or "  \
	"--duration 10h; --tests EXPR picks some."

static struct run_info run(void)
{
	return (struct run_info){
		.suite = "words",
		.suite_file = "words.ini",
		.version = "0.1.0",
		.python = "/env/bin/python3.14",
		.python_version = "3.14.6",
		.seed = "000000000000001f",
		.command = "ftstress --suite words",
		.started = 1700000000,
		.ended = 1700000100,
		.seconds = 100.5,
		.iterations_planned = 20,
		.iterations_done = 20,
		.iterations_gil_on = 3,
		.tests_run = 40,
		.tests_distinct = 4,
		.tests_total = 1500,
		.tests_selected = 1404,
		.tests_tried = 4,
		.tests_threaded = 3,
		.tests_turns = 3,
		.tests_overlap = 2,
		.threads_least = 2,
		.threads_most = 8,
		.alone_why = "uses thread-unsafe fixtures: capsys",
		.records = 100,
		.exit_code = 1,
		.hooks = hooks,
		.hook_count = 3,
		.rules = rules,
		.rule_count = 1,
		.notes = notes,
		.note_count = 1,
		.settings = settings,
		.setting_count = 2,
	};
}

/* A finding of each status as a report; what is returned is the caller's. */
struct document {
	struct run_info run;
	struct finding findings[STATUS_COUNT];
	const struct finding *list[STATUS_COUNT];
	struct report_input input;
};

static void document_init(struct document *document, size_t count)
{
	*document = (struct document){ .run = run() };
	for (size_t i = 0; i < STATUS_COUNT; i++) {
		document->findings[i] = race((enum finding_status)i);
		document->list[i] = &document->findings[i];
	}
	document->input = (struct report_input){ .run = &document->run,
						 .findings = document->list,
						 .count = count };
}

static FILE *opened(const char *path, const char *mode)
{
	FILE *stream = fopen(path, mode);
	if (!stream)
		abort();
	return stream;
}

static char *written(const char *format, const struct report_input *input)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_int_equal(report_find(format)->write(out, input), 0);
	fclose(out);
	return text;
}

static char *summary(const struct report_input *input, bool color, unsigned columns)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_int_equal(report_summary(out, input, color, columns), 0);
	fclose(out);
	return text;
}

static json_t *parsed(const struct report_input *input)
{
	char *text = written("json", input);
	json_error_t error;
	json_t *json = json_loads(text, 0, &error);
	if (!json)
		fail_msg("%s at %d: %s", error.text, error.position, text);
	free(text);
	return json;
}

/* ---- the schema, as much of it as docs/report-schema.json uses ---- */

static const char *type_of(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "object";
	case JSON_ARRAY:
		return "array";
	case JSON_STRING:
		return "string";
	case JSON_INTEGER:
		return "integer";
	case JSON_REAL:
		return "number";
	case JSON_NULL:
		return "null";
	default:
		return "boolean";
	}
}

static bool one_of(const json_t *allowed, const json_t *value)
{
	size_t i;
	json_t *item;
	json_array_foreach(allowed, i, item) if (json_equal(item, value)) return true;
	return false;
}

static bool has_type(const json_t *types, const json_t *value)
{
	const char *type = type_of(value);
	if (json_is_string(types))
		return !strcmp(json_string_value(types), type) ||
		       (json_is_number(value) && !strcmp(json_string_value(types), "number"));
	json_t *name = json_string(type);
	bool has = one_of(types, name);
	json_decref(name);
	return has;
}

static void validate(json_t *root, json_t *schema, json_t *value, const char *path)
{
	const char *reference = json_string_value(json_object_get(schema, "$ref"));
	if (reference) {
		json_t *definitions = json_object_get(root, "$defs");
		json_t *target = json_object_get(definitions, reference + strlen("#/$defs/"));
		assert_non_null(target);
		validate(root, target, value, path);
	}
	json_t *types = json_object_get(schema, "type"), *words = json_object_get(schema, "enum");
	json_t *choices = json_object_get(schema, "anyOf"), *item;
	if (types && !has_type(types, value))
		fail_msg("%s: the schema does not allow %s", path, type_of(value));
	if (words && !one_of(words, value))
		fail_msg("%s: none of the schema's words", path);
	size_t i;
	json_array_foreach(choices, i, item) if (has_type(json_object_get(item, "type"), value))
		validate(root, item, value, path);
	json_array_foreach(json_object_get(schema, "required"), i,
			   item) if (!json_object_get(value, json_string_value(item)))
		fail_msg("%s: no %s", path, json_string_value(item));
	json_t *properties = json_object_get(schema, "properties");
	const char *key;
	if (properties && json_is_object(value)) {
		json_object_foreach(value, key, item)
		{
			char *below = xprintf("%s.%s", path, key);
			if (!json_object_get(properties, key))
				fail_msg("%s: the schema does not know it", below);
			validate(root, json_object_get(properties, key), item, below);
			free(below);
		}
	}
	json_t *items = json_object_get(schema, "items");
	if (items && json_is_array(value)) {
		json_array_foreach(value, i, item) validate(root, items, item, path);
	}
}

static void json_is_what_its_schema_says(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, 4);
	document.findings[1].subject = (struct subject){ 0 };
	document.findings[0].as_written_runs = 3;
	document.findings[2] = (struct finding){ .id = "hang-0123456789ab", .kind = FINDING_HANG };
	document.findings[3].tests = pair_tests;
	json_t *schema = json_load_file("docs/report-schema.json", 0, NULL);
	assert_non_null(schema);
	json_t *json = parsed(&document.input);
	validate(schema, schema, json, "report");
	json_t *findings = json_object_get(json, "findings");
	assert_int_equal(json_array_size(findings), 4);
	json_decref(json);
	json_decref(schema);
}

static json_t *path_of(json_t *json, const char *path)
{
	char *copy = xstrdup(path), *rest = copy, *part;
	while ((part = strsep(&rest, "/"))) {
		json = json_is_array(json) ? json_array_get(json, (size_t)atoi(part))
					   : json_object_get(json, part);
	}
	free(copy);
	return json;
}

/* A frame of the first thread of the first finding. */
static json_t *frame_of(json_t *json, size_t at)
{
	json_int_t number = json_integer_value(path_of(json, "findings/0/threads/0/frames"));
	json_t *stack = json_array_get(path_of(json, "stacks"), (size_t)number);
	number = json_integer_value(json_array_get(stack, at));
	return json_array_get(path_of(json, "frames"), (size_t)number);
}

static void a_race_says_whether_the_order_as_written_shows_it(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, 4);
	document.findings[0].as_written_runs = 3;
	document.findings[0].as_written_seen = 2;
	document.findings[1].as_written_runs = 1;
	json_t *json = parsed(&document.input);
	assert_int_equal(json_integer_value(path_of(json, "findings/0/as_written/runs")), 3);
	assert_int_equal(json_integer_value(path_of(json, "findings/0/as_written/seen")), 2);
	assert_int_equal(json_integer_value(path_of(json, "findings/1/as_written/seen")), 0);
	assert_true(json_is_null(path_of(json, "findings/2/as_written")));
	json_decref(json);
	char *text = summary(&document.input, false, 0);
	assert_non_null(strstr(text, "The order as written shows it, too (2 of 3 runs)"));
	free(text);
	text = written("tap", &document.input);
	assert_non_null(strstr(text, "shows it, too (2 of 3 runs)"));
	assert_non_null(strstr(text, "Not seen in 1 run with the order as written"));
	free(text);
	/* Where the whole run was so, nobody needs to be told. */
	char *as_written[] = { "happens-before", "as-written" };
	document.run.settings = as_written;
	document.run.setting_count = 1;
	text = summary(&document.input, false, 0);
	assert_null(strstr(text, "as written"));
	free(text);
}

static void json_names_the_seeds_of_the_replays_once(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, 1);
	json_t *json = parsed(&document.input);
	json_t *seeds = path_of(json, "findings/0/seeds");
	assert_int_equal(json_array_size(seeds), 2);
	assert_string_equal(json_string_value(json_array_get(seeds, 0)), "1f");
	assert_string_equal(json_string_value(json_array_get(seeds, 1)), "2e");
	json_decref(json);
}

static void only_what_accessed_memory_has_an_access(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, 2);
	struct participant freed = { .role = "was freed here" };
	document.findings[0].kind = FINDING_USE_AFTER_FREE;
	document.findings[0].participants = &freed;
	document.findings[0].participant_count = 1;
	json_t *json = parsed(&document.input);
	assert_true(json_is_null(path_of(json, "findings/0/threads/0/access")));
	json_t *access = path_of(json, "findings/1/threads/0/access");
	assert_string_equal(json_string_value(access), "write");
	access = path_of(json, "findings/1/threads/1/access");
	assert_string_equal(json_string_value(access), "read");
	json_decref(json);
}

static void json_of_any_bytes_is_valid(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, 1);
	document.findings[0].title =
		"\xff\xed\xa0\x80\xc0\xaf\xf4\x90\x80\x80 caf\xc3\xa9 \xf0\x9f";
	document.findings[0].detail = HOSTILE;
	json_t *json = parsed(&document.input);
	const char *title = json_string_value(path_of(json, "findings/0/title"));
	assert_non_null(strstr(title, " caf\xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd"));
	assert_null(strchr(title, '\xff'));
	json_decref(json);
}

/* ---- source lines ---- */

static char folder[] = "/tmp/ftstress-report-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

/* The lines that the report has of the file that a frame of the first finding is in. */
static json_t *source_at(const char *name, int line, bool plumbing, size_t frame, json_t **root)
{
	struct document document;
	struct frame frames[2] = { write_frames[0], write_frames[0] };
	struct participant side = { .stack = { frames, 2 } };
	document_init(&document, 1);
	frames[frame].file = (char *)name;
	frames[frame].line = line;
	frames[frame].plumbing = plumbing;
	document.findings[0].participants = &side;
	document.findings[0].participant_count = 1;
	*root = parsed(&document.input);
	return json_object_get(json_object_get(*root, "sources"), name ? name : "");
}

static void a_frame_has_two_lines_on_either_side(void **state)
{
	(void)state;
	char *path = xprintf("%s/seven.py", folder);
	FILE *file = opened(path, "w");
	fputs("one\ntwo\n\tthree\r\nfour\nfive\nsix\nseven", file);
	fclose(file);
	json_t *root, *source = source_at(path, 4, false, 0, &root);
	assert_int_equal(json_object_size(source), 5);
	assert_string_equal(json_string_value(json_object_get(source, "2")), "two");
	assert_string_equal(json_string_value(json_object_get(source, "3")), "\tthree");
	json_decref(root);
	source = source_at(path, 1, false, 0, &root);
	assert_int_equal(json_object_size(source), 3);
	json_decref(root);
	source = source_at(path, 7, false, 0, &root);
	assert_int_equal(json_object_size(source), 3);
	assert_string_equal(json_string_value(json_object_get(source, "7")), "seven");
	json_decref(root);
	assert_null(source_at(path, 8, false, 0, &root));
	json_decref(root);
	unlink(path);
	free(path);
}

static void plumbing_has_source_only_where_it_happened(void **state)
{
	(void)state;
	char *path = xprintf("%s/ceval.c", folder);
	FILE *file = opened(path, "w");
	fputs("one\n", file);
	fclose(file);
	json_t *root;
	assert_non_null(source_at(path, 1, true, 0, &root));
	json_decref(root);
	assert_null(source_at(path, 1, true, 1, &root));
	json_decref(root);
	/* it is not where that happened in the first stack, but in the second one */
	struct frame frames[] = { write_frames[0], write_frames[0] };
	struct participant side = { .stack = { frames, 2 }, .created = { &frames[1], 1 } };
	struct document document;
	document_init(&document, 1);
	frames[1].file = path;
	frames[1].line = 1;
	frames[1].plumbing = true;
	document.findings[0].participants = &side;
	document.findings[0].participant_count = 1;
	root = parsed(&document.input);
	assert_non_null(json_object_get(json_object_get(root, "sources"), path));
	json_decref(root);
	unlink(path);
	free(path);
}

static void a_file_that_is_none_has_no_lines(void **state)
{
	(void)state;
	char *fifo = xprintf("%s/fifo", folder);
	json_t *root;
	alarm(60); /* reading the FIFO or the device would never end */
	assert_int_equal(mkfifo(fifo, 0600), 0);
	const char *const names[] = { fifo, folder, "/dev/zero", "<string>", "", NULL };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		assert_null(source_at(names[i], 1, false, 0, &root));
		json_decref(root);
	}
	alarm(0);
	unlink(fifo);
	free(fifo);
}

/* ---- html ---- */

static unsigned value_of(char letter)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = strchr(letters, letter);
	assert_non_null(at);
	return (unsigned)(at - letters);
}

/* What stands in the page, as a browser unpacks it. */
static json_t *unpacked(const char *html)
{
	const char *start = strstr(html, "id=\"report-data\">");
	assert_non_null(start);
	start = strchr(start, '>') + 1;
	size_t length = strcspn(start, "<"), packed = 0;
	assert_int_equal(strncmp(start + length, "</script>", 9), 0);
	assert_int_equal(length % 4, 0);
	unsigned char *bytes = xcalloc(length + 1, 1);
	for (size_t i = 0; i < length && start[i] != '='; i++) {
		unsigned value = value_of(start[i]);
		size_t bit = i * 6;
		bytes[bit / 8] |= (unsigned char)(value << 2 >> bit % 8);
		bytes[bit / 8 + 1] |= (unsigned char)(value << 10 >> bit % 8);
		packed = (bit + 6) / 8;
	}
	uLongf room = 1 << 20;
	char *text = xcalloc(room, 1);
	assert_int_equal(uncompress((Bytef *)text, &room, bytes, packed), Z_OK);
	json_t *json = json_loadb(text, room, 0, NULL);
	assert_non_null(json);
	free(text);
	free(bytes);
	return json;
}

static void html_data_can_not_end_its_script(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, 1);
	document.findings[0].title = HOSTILE;
	char *html = written("html", &document.input);
	json_t *json = unpacked(html);
	const char *title = json_string_value(path_of(json, "findings/0/title"));
	assert_int_equal(strncmp(title, HOSTILE, strlen(HOSTILE) - 2), 0);
	json_decref(json);
	free(html);
}

static void html_carries_the_same_report_as_json(void **state)
{
	(void)state;
	for (size_t count = 1; count <= 4; count++) { /* other lengths of the data */
		struct document document;
		document_init(&document, count);
		char *html = written("html", &document.input);
		json_t *inside = unpacked(html), *json = parsed(&document.input);
		assert_true(json_equal(inside, json));
		json_decref(inside);
		json_decref(json);
		free(html);
	}
}

static void frames_and_stacks_stand_in_a_report_once(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, 4);
	json_t *json = parsed(&document.input);
	assert_int_equal(json_array_size(path_of(json, "findings")), 4);
	assert_int_equal(json_array_size(path_of(json, "frames")), 5);
	assert_int_equal(json_array_size(path_of(json, "stacks")), 5); /* one of them empty */
	json_decref(json);
}

static void a_cell_leads_to_its_finding_by_its_place(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, 2);
	struct run_cell cells[] = { { 0, 1, document.findings[1].id },
				    { 1, 1, (char *)"data-race-ffffffffffff" } };
	char *operations[] = { (char *)"pop", (char *)"len" };
	struct run_type type = { .name = (char *)"words.Box",
				 .operations = operations,
				 .operation_count = 2,
				 .states = (char *)".rrr",
				 .cells = cells,
				 .cell_count = 2 };
	document.run.types = &type;
	document.run.type_count = 1;
	json_t *json = parsed(&document.input);
	assert_int_equal(json_integer_value(path_of(json, "run/types/0/findings/0/2")), 1);
	assert_string_equal(json_string_value(path_of(json, "run/types/0/findings/1/2")),
			    "data-race-ffffffffffff"); /* not in this report */
	json_decref(json);
}

/* ---- tap ---- */

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;
	for (; (text = strstr(text, part)); text += strlen(part))
		count++;
	return count;
}

static void tap_fails_for_new_findings_alone(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, STATUS_COUNT);
	document.findings[STATUS_SUPPRESSED].suppressed_by = "race:words";
	document.findings[STATUS_DOCUMENTED].suppressed_by = "m.* = not shared (mine.ini:2)";
	char *tap = written("tap", &document.input);
	assert_ptr_equal(strstr(tap, "TAP version 13\n1..5\n"), tap);
	const char *const points[] = {
		"\nnot ok 1 - data race: Words: filling against reading\n",
		"\nnot ok 2 - data race: Words: filling against reading # TODO known",
		"\nok 3 - data race: Words: filling against reading # SKIP documented by m.* = not",
		"\nok 4 - data race: Words: filling against reading # SKIP known to CPython\n",
		"\nok 5 - data race: Words: filling against reading # SKIP suppressed by race",
	};
	for (size_t i = 0; i < STATUS_COUNT; i++)
		assert_non_null(strstr(tap, points[i]));
	assert_int_equal(count_of(tap, "\n  ---\n"), STATUS_COUNT);
	assert_int_equal(count_of(tap, "\n  ...\n"), STATUS_COUNT);
	free(tap);
}

static void tap_of_any_title_is_one_line(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, 1);
	document.findings[0].title = "first\nok 2 - forged # TODO \\";
	char *tap = written("tap", &document.input);
	assert_non_null(strstr(tap, "\nnot ok 1 - data race: first ok 2 - forged \\# TODO \\\\\n"));
	assert_int_equal(count_of(tap, "\nok "), 0);
	free(tap);
}

static void tap_of_a_clean_run_is_ok(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, 0);
	char *tap = written("tap", &document.input);
	assert_non_null(strstr(tap, "\n1..1\n"));
	assert_non_null(strstr(tap, "\nok 1 - nothing found\n"));
	free(tap);
	document.run.iterations_done = 0;
	tap = written("tap", &document.input);
	assert_string_equal(tap, "TAP version 13\n1..0 # SKIP nothing ran\n");
	free(tap);
}

/* ---- types of a run of pairs ---- */

static void races_of_a_type_are_one_point_and_one_entry(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, 4);
	for (size_t i = 0; i < 3; i++) {
		document.findings[i].status = STATUS_NEW;
		document.findings[i].tests = pair_tests;
	}
	document.findings[1].id = "data-race-00000000000b";
	document.findings[1].shows = EVIDENCE_CRASHES;
	document.findings[0].rank = document.findings[2].rank = RANK_FIELD;
	document.findings[1].rank = RANK_STRUCTURE;
	document.findings[1].evidence = "a plain interpreter crashes in 0.8 s: SIGSEGV";
	char *tap = written("tap", &document.input);
	assert_non_null(strstr(tap, "\n1..2\n"));
	assert_non_null(strstr(tap, "\nnot ok 1 - data races: words.Box: memory of its own: 2 "));
	assert_non_null(strstr(tap, "\n  pairs: \"add|pop\"\n"));
	assert_non_null(strstr(tap, "\n  findings:\n    - data-race-0123456789ab\n"));
	assert_non_null(strstr(tap, "\n  evidence: \"a plain interpreter crashes in 0.8 s"));
	free(tap);
	char *text = summary(&document.input, false, 0);
	assert_ptr_equal(strstr(text, "3 new data races, told in 1 entry, in 20 iter"), text);
	assert_non_null(strstr(text, " 1. words.Box: memory of its own: 2 operations race\n"
				     "    a plain interpreter crashes in 0.8 s: SIGSEGV\n"
				     "    ranks       structure (1 race), plain field (2)\n"
				     "    operations  add, pop\n"
				     "    fields      memory of its own (3 races)\n"
				     "    pairs       add|pop\n"));
	assert_null(strstr(text, "\n 2. "));
	free(text);
	json_t *json = parsed(&document.input);
	assert_int_equal(json_array_size(path_of(json, "entries")), 2);
	assert_int_equal(json_array_size(path_of(json, "entries/0/findings")), 3);
	assert_string_equal(json_string_value(path_of(json, "entries/0/id")),
			    "data-race-00000000000b");
	assert_string_equal(json_string_value(path_of(json, "entries/0/shows")), "crashes");
	assert_string_equal(json_string_value(path_of(json, "entries/0/rank")), "structure");
	assert_string_equal(json_string_value(path_of(json, "findings/0/rank")), "plain field");
	assert_non_null(json_string_value(path_of(json, "ranks/0/meaning")));
	assert_null(path_of(json, "entries/1/type"));
	json_decref(json);
}

/* ---- the terminal ---- */

static void what_was_seen_to_happen_is_drawn(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, 1);
	document.findings[0].status = STATUS_NEW;
	document.findings[0].kind = FINDING_PYTHON_RACE;
	document.findings[0].shows = EVIDENCE_LOSES;
	document.findings[0].evidence = "confirmed: an update was seen lost";
	document.findings[0].interleaving = "one thread  another thread\n"
					    "a.py:1  reads\n";
	char *text = summary(&document.input, false, 0);
	assert_non_null(strstr(text, "\n    confirmed: an update was seen lost\n"
				     "        one thread  another thread\n"
				     "        a.py:1  reads\n"));
	free(text);
	json_t *json = parsed(&document.input);
	assert_string_equal(json_string_value(path_of(json, "findings/0/shows")), "loses");
	assert_string_equal(json_string_value(path_of(json, "findings/0/interleaving")),
			    document.findings[0].interleaving);
	json_decref(json);
}

static void the_summary_tells_new_findings_and_counts_the_rest(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, STATUS_COUNT);
	char *text = summary(&document.input, false, 0);
	const char *const parts[] = {
		"1 new data race in 20 iterations of words (40 tests, 3 iterations with the GIL)",
		" 1. data race: Words: filling against reading\n",
		"    at 4 bytes of a Words object\n"
		"    write of 4 bytes, Thread T1\n"
		"        holds   Words.lock (src/words.pyx:31)\n"
		"        Python  words/test_fill.py:8  fill\n"
		"        C       src/words.c:17  store_word\n",
		"    read of 4 bytes, Thread T2\n"
		"        Cython  src/words.pyx:31  Words.__getitem__\n",
		"    14 times, in test_fill.py::test_fill\n"
		"    $ ftstress --suite words --replay 1f.c.2\n",
		"Not shown: 1 known, 1 documented, 1 upstream, 1 suppressed.\n",
	};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (!strstr(text, parts[i]))
			fail_msg("no \"%s\" in:\n%s", parts[i], text);
	}
	assert_int_equal(count_of(text, "data race:"), 1);
	assert_null(strchr(text, '\033'));
	free(text);
}

static void a_finding_says_which_one_it_follows_from(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, 4);
	document.findings[1].status = STATUS_NEW;
	document.findings[0].id = "data-race-00000000000a";
	document.findings[1].follows = "data-race-00000000000a";
	char *text = summary(&document.input, false, 0);
	assert_non_null(strstr(text, " 1. data race: Words: filling against reading\n"));
	assert_non_null(strstr(text, "    with it     1 race that most likely follows\n"));
	assert_null(strstr(text, " 2. "));
	free(text);
	/* Of pairs each is told with its type. */
	char *pairs[] = { "m.A::x|y", "m.B::x|y" };
	char **own = document.findings[0].tests;
	document.findings[0].tests = &pairs[0];
	document.findings[1].tests = &pairs[1];
	document.findings[0].test_count = document.findings[1].test_count = 1;
	text = summary(&document.input, false, 0);
	assert_non_null(strstr(text, " 2. m.B: "));
	assert_non_null(strstr(text, "    most likely follows from 1.: look there first\n"));
	free(text);
	document.findings[0].status = STATUS_KNOWN; /* is not shown */
	text = summary(&document.input, false, 0);
	assert_non_null(strstr(text, "follows from data-race-00000000000a (known)\n"));
	free(text);
	document.findings[0].tests = document.findings[1].tests = own;
	json_t *json = parsed(&document.input);
	json_t *findings = json_object_get(json, "findings");
	assert_true(json_is_null(json_object_get(json_array_get(findings, 0), "follows")));
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(findings, 1), "follows")),
		"data-race-00000000000a");
	json_decref(json);
}

static void the_summary_of_a_replay_shows_what_is_known(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, STATUS_COUNT);
	document.run.replay = true;
	char *text = summary(&document.input, false, 0);
	assert_int_equal(strncmp(text, "1 new data race, and again 1 known ", 35), 0);
	assert_non_null(strstr(text, "\n 2. "));
	assert_non_null(strstr(text, "Not shown: 1 documented, 1 upstream, 1 suppressed.\n"));
	free(text);
	document.findings[0].status = STATUS_KNOWN;
	text = summary(&document.input, false, 0);
	assert_non_null(strstr(text, " again, in 20 iterations of words"));
	assert_null(strstr(text, "Nothing"));
	free(text);
}

static void has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in:\n%s", part, text);
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

/* A data race whose two sides have this stack. */
static void set_stack(struct document *document, struct participant pair[2], struct frame *frames,
		      size_t count)
{
	document_init(document, 1);
	pair[0] = pair[1] = (struct participant){ .role = "read of 8 bytes",
						  .thread = "Thread T1",
						  .size = 8,
						  .stack = { frames, count } };
	document->findings[0].participants = pair;
	document->findings[0].participant_count = 2;
}

static const struct frame python_frame = { FRAME_PYTHON, "put", "/a/b/c/x.py", 8,
					   NULL,         false, false,         false };
static const struct frame loop_frame = { FRAME_C,        "_PyEval_EvalFrameDefault",
					 "/src/ceval.c", 1240,
					 "libpython.so", true,
					 false,          false };

/* What the title names by its line is told by that line: the place of the bug, not a helper. */
static void the_line_of_the_title_is_told(void **state)
{
	(void)state;
	struct document document;
	struct participant pair[2];
	struct frame helper[] = {
		{ FRAME_C, "_Py_atomic_store", "/src/pyatomic.h", 5, "libpython.so", true, true,
		  false },
		{ FRAME_C, "entry_added", "/src/dictobject.c", 228, "libpython.so", false, false,
		  false },
		loop_frame,
		python_frame,
	};
	set_stack(&document, pair, helper, 4);
	char *text = summary(&document.input, false, 0);
	has(text, "        Python  c/x.py:8  put\n"
		  "        C       src/dictobject.c:228  entry_added\n");
	free(text);
	json_t *json = parsed(&document.input);
	assert_int_equal(json_integer_value(path_of(json, "findings/0/threads/0/site")), 1);
	json_decref(json);
	/* A Cython function is known by its own line, and the C that it called is where it was. */
	struct frame cython[] = { write_frames[0], read_frames[0], loop_frame, python_frame };
	cython[1].module = write_frames[0].module;
	set_stack(&document, pair, cython, 4);
	text = summary(&document.input, false, 0);
	has(text, "        Cython  src/words.pyx:31  Words.__getitem__\n"
		  "        C       src/words.c:17  store_word\n");
	free(text);
	text = written("tap", &document.input);
	has(text, "    cython: \"Words.__getitem__ (/src/words.pyx:31)\"\n"
		  "    native: \"store_word (/src/words.c:17)\"\n");
	free(text);
	/* Interpreter code inside of an extension's: the extension only called it. */
	struct frame called[] = { { FRAME_C, "PyObject_GetItem", "/src/abstract.c", 60,
				    "libpython.so", true, false, false },
				  write_frames[0],
				  loop_frame,
				  python_frame };
	set_stack(&document, pair, called, 4);
	text = summary(&document.input, false, 0);
	has(text, "        C       src/abstract.c:60  PyObject_GetItem\n");
	has_not(text, "store_word");
	free(text);
}

static void what_the_interpreters_loop_did_is_said_to_be_its(void **state)
{
	(void)state;
	struct document document;
	struct participant pair[2];
	struct frame plain[] = { python_frame, write_frames[0] };
	set_stack(&document, pair, plain, 2);
	char *text = summary(&document.input, false, 0);
	has(text, "        Python  c/x.py:8  put\n"
		  "        C       the interpreter's loop itself, for that line\n");
	has_not(text, "store_word");
	free(text);
	text = written("tap", &document.input);
	has(text, "    native: \"the interpreter's loop itself, for that line\"\n");
	free(text);
	/* An atomic access of the loop keeps its line of C. */
	struct frame atomic[] = { { FRAME_C, "_Py_atomic_load", "/src/pyatomic.h", 5,
				    "libpython.so", true, true, false },
				  loop_frame,
				  python_frame };
	set_stack(&document, pair, atomic, 3);
	text = summary(&document.input, false, 0);
	has(text, "        C       src/ceval.c:1240  _PyEval_EvalFrameDefault\n");
	free(text);
}

static void a_name_is_short_for_people_and_a_line_near_by_is_told_as_such(void **state)
{
	(void)state;
	struct document document;
	struct participant pair[2];
	struct frame frames[] = { { .language = FRAME_CXX,
				    .function = "void pool::Map<int>::put<long>(long)",
				    .file = "/src/pool.cpp",
				    .line = 9,
				    .module = "pool.so",
				    .near_line = true },
				  python_frame };
	set_stack(&document, pair, frames, 2);
	char *text = summary(&document.input, false, 0);
	has(text, "pool.cpp:~9  pool::Map::put\n");
	free(text);
	text = written("tap", &document.input);
	has(text, "pool::Map::put (/src/pool.cpp:~9)");
	free(text);
	json_t *json = parsed(&document.input);
	json_t *frame = frame_of(json, 0);
	assert_string_equal(json_string_value(json_object_get(frame, "function")),
			    frames[0].function);
	assert_string_equal(json_string_value(json_object_get(frame, "short")), "pool::Map::put");
	assert_true(json_is_true(json_object_get(frame, "near")));
	assert_null(json_object_get(frame_of(json, 1), "short"));
	json_decref(json);
}

static void a_stack_of_several_greenlets_is_told(void **state)
{
	(void)state;
	struct document document;
	struct participant pair[2];
	struct frame frames[] = { write_frames[0],
				  python_frame,
				  { FRAME_CXX, "greenlet::UserGreenlet::g_switch()", "/g.cpp", 9,
				    "_greenlet.so", false, false, false },
				  python_frame };
	set_stack(&document, pair, frames, 4);
	char *text = summary(&document.input, false, 0);
	has(text, "(a stack of several greenlets, one over the other: only the innermost calls");
	free(text);
	text = written("tap", &document.input);
	has(text, "note: \"a stack of several greenlets");
	free(text);
	json_t *json = parsed(&document.input);
	assert_true(json_is_true(path_of(json, "findings/0/threads/0/mixed")));
	json_decref(json);
	set_stack(&document, pair, frames, 2);
	text = summary(&document.input, false, 0);
	has_not(text, "greenlet");
	free(text);
}

static void what_the_program_said_and_who_holds_the_lock_is_told(void **state)
{
	(void)state;
	struct document document;
	struct held_lock held = { .name = "threading.Lock _lock of x.py:10",
				  .address = 0x7f00a0,
				  .created = { (struct frame *)&python_frame, 1 } };
	struct participant waits[] = {
		{ .role = "holds A and waits for B",
		  .thread = "T1 (12)",
		  .stack = { write_frames, 3 },
		  .locks = &held,
		  .lock_count = 1 },
		{ .role = "holds B and waits for A", .thread = "T2 (13)" },
	};
	document_init(&document, 3);
	document.findings[0].kind = FINDING_DEADLOCK;
	document.findings[0].participants = waits;
	document.findings[1] = (struct finding){ .id = "test-failure-0123456789ab",
						 .kind = FINDING_TEST_FAILURE,
						 .title = "test_fill fails in threads: ValueError",
						 .said = "ValueError: negative, at x.py:12" };
	char *text = summary(&document.input, false, 0);
	has(text, "    holds A and waits for B, T1 (12)\n"
		  "        holds   threading.Lock _lock of x.py:10 (c/x.py:8)\n");
	has(text, "ValueError\n    ValueError: negative, at x.py:12\n");
	free(text);
	text = written("tap", &document.input);
	has(text, "    holds: \"threading.Lock _lock of x.py:10 (c/x.py:8)\"\n");
	has(text, "  said: \"ValueError: negative, at x.py:12\"\n");
	has(text, "  about: \"4 bytes of a Words object\"\n");
	free(text);
	json_t *json = parsed(&document.input);
	assert_string_equal(json_string_value(path_of(json, "findings/1/said")),
			    "ValueError: negative, at x.py:12");
	json_decref(json);
	/* Not twice, where the title has it. */
	document.findings[1].title = "SIGABRT in x.py: no table";
	document.findings[1].said = "printed last: no table";
	text = summary(&document.input, false, 0);
	has_not(text, "printed last");
	free(text);
}

static void a_finding_of_many_threads_is_no_page_long(void **state)
{
	(void)state;
	struct document document;
	struct participant many[12];
	document_init(&document, 1);
	document.run.tests_selected = 0;
	for (size_t i = 0; i < 12; i++)
		many[i] = (struct participant){ .role = "waits", .stack = { write_frames, 3 } };
	document.findings[0].kind = FINDING_HANG;
	document.findings[0].participants = many;
	document.findings[0].participant_count = 12;
	char *text = summary(&document.input, false, 0);
	has(text, "    and 9 more threads\n");
	assert_in_range(count_of(strstr(text, " 1. "), "\n"), 10, 15);
	free(text);
}

static void the_summary_of_a_clean_run_says_what_ran(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, 0);
	char *text = summary(&document.input, false, 80);
	assert_string_equal(text, "Nothing found in 20 iterations of words (40 tests, 3 iterations "
				  "with the GIL), 1 min 41 s\n" DEAD "\n" TRIED "\n" NEXT "\n");
	free(text);
}

static void a_run_says_what_it_tried_and_what_to_run_next(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, 0);
	char *text = written("tap", &document.input);
	assert_non_null(strstr(text, "\n# tried: 4 of 1,404 tests, 3 of them in 2 to 8 threads"));
	assert_non_null(strstr(text, "\n# next: the same command goes on with the other 1,400"));
	free(text);
	json_t *json = parsed(&document.input);
	assert_int_equal(json_integer_value(path_of(json, "run/tests/in_turns")), 3);
	assert_non_null(json_string_value(path_of(json, "run/tests/summary")));
	json_decref(json);
	/* The last tests were tried. */
	document.run.tests_tried = 1404;
	document.run.tests_threaded = 4;
	text = summary(&document.input, false, 0);
	assert_non_null(strstr(text, "4 of 1,404 tests, each in 2 to 8 threads (3 in turns, 2"));
	assert_non_null(strstr(text, "Next: all tests had their turn; --duration 30m gives"));
	free(text);
	document.run.tests_threaded = 1;
	document.run.tests_apart = 3;
	text = summary(&document.input, false, 0);
	assert_non_null(strstr(text,
			       "1 of them in 2 to 8 threads (3 in turns, 2 overlapping), 3 not "
			       "made: they touch nothing in common"));
	free(text);
	document.run.interrupted = true;
	text = summary(&document.input, false, 0);
	assert_non_null(strstr(text, "Next: --resume goes on"));
	free(text);
	/* Of a replay nothing follows, and an older run counted nothing. */
	document.run.replay = true;
	text = summary(&document.input, false, 0);
	assert_null(strstr(text, "Next:"));
	free(text);
	document.run.tests_selected = 0;
	text = summary(&document.input, false, 0);
	assert_null(strstr(text, "Tried:"));
	free(text);
}

static void tests_that_never_passed_are_told_first_if_they_are_many(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, 0);
	struct run_info *run = &document.run;
	run->tests_distinct = 20;
	run->tests_failing = 2;
	run->failing_test = (char *)"t/a.py::test_b";
	run->failing_why = (char *)"ValueError: no";
	run->failing_where = (char *)"a.py:3: f()";
	char *text = summary(&document.input, false, 0);
	char *failing = strstr(text, "2 of 20 tests failed every time");
	assert_true(failing > strstr(text, "Nothing found"));
	free(text);

	run->tests_failing = 3; /* more than a tenth */
	run->exit_code = EXIT_NOTHING_PASSED;
	text = summary(&document.input, false, 0);
	assert_int_equal(strncmp(text, "3 of 20 tests failed every time", 31), 0);
	assert_non_null(strstr(text, "t/a.py::test_b\n"));
	assert_non_null(strstr(text, "ValueError: no\n"));
	assert_non_null(strstr(text, "a.py:3: f()\n"));
	free(text);
	text = written("tap", &document.input);
	assert_non_null(strstr(text, "\n# 3 of 20 tests failed every time"));
	assert_non_null(strstr(text, "\nnot ok 1 - nothing passed\n"));
	free(text);
}

static void files_that_cant_be_imported_are_told_first_if_they_are_many(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, 0);
	struct run_info *run = &document.run;
	run->files = 20;
	run->files_unimported = 2;
	run->unimported_file = (char *)"t/test_b.py";
	run->unimported_why = (char *)"SyntaxError: invalid syntax";
	char *text = summary(&document.input, false, 0);
	char *told =
		strstr(text, "2 of 20 files of tests can't be imported: none of their tests ran");
	assert_true(told > strstr(text, "Nothing found"));
	assert_non_null(
		strstr(told, "the first: t/test_b.py\n        SyntaxError: invalid syntax\n"));
	free(text);

	run->files_unimported = 3; /* more than a tenth */
	text = summary(&document.input, false, 0);
	assert_int_equal(strncmp(text, "3 of 20 files of tests can't be imported", 40), 0);
	free(text);
	text = written("tap", &document.input);
	assert_non_null(strstr(text, "\n# 3 of 20 files of tests can't be imported"));
	assert_non_null(strstr(text, "\n#     SyntaxError: invalid syntax\n"));
	free(text);
	text = written("json", &document.input);
	assert_non_null(strstr(text, "\"unimported\""));
	free(text);
}

static void the_summary_fits_the_terminal_but_for_commands(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, 1);
	document.findings[0].title = "ä title that is a good deal longer than any terminal is wide";
	document.findings[0].command = "ftstress --suite words --replay a.very.long.token.indeed";
	char *text = summary(&document.input, false, 40);
	assert_non_null(
		strstr(text, "$ ftstress --suite words --replay a.very.long.token.indeed\n"));
	char *line = strstr(text, " 1. data race: ä title");
	assert_non_null(line);
	*strchr(line, '\n') = '\0';
	size_t columns = 0;
	for (const char *at = line; *at; at++)
		columns += ((unsigned char)*at & 0xc0) != 0x80;
	assert_int_equal(columns, 40);
	assert_non_null(strstr(line, "…"));
	free(text);
}

static void a_title_can_not_steer_the_terminal(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, 1);
	document.findings[0].title = HOSTILE "\xc2\x9b"
					     "31m";
	char *text = summary(&document.input, false, 0);
	assert_null(strchr(text, '\033'));
	assert_null(strstr(text, "\xc2\x9b"));
	free(text);
	text = summary(&document.input, true, 0);
	assert_null(strstr(text, "\033[31m"));
	free(text);
}

/* ---- all formats ---- */

static void a_full_disk_is_told_by_every_writer(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, 4);
	for (size_t i = 0; report_formats[i]; i++) {
		FILE *full = opened("/dev/full", "w");
		assert_non_null(full);
		assert_int_equal(report_formats[i]->write(full, &document.input), ENOSPC);
		fclose(full);
	}
	FILE *full = opened("/dev/full", "w");
	assert_int_equal(report_summary(full, &document.input, true, 80), ENOSPC);
	fclose(full);
}

static void an_empty_report_can_be_written_in_every_format(void **state)
{
	(void)state;
	struct document document;
	document_init(&document, 1);
	document.run = (struct run_info){ 0 };
	document.findings[0] = (struct finding){ .id = "crash-0123456789ab" };
	for (size_t i = 0; report_formats[i]; i++)
		free(written(report_formats[i]->name, &document.input));
	free(summary(&document.input, true, 80));
}

static void a_format_is_found_by_its_name_alone(void **state)
{
	(void)state;
	assert_string_equal(report_find("html")->name, "html");
	assert_null(report_find("htm"));
	assert_null(report_find(""));
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(json_is_what_its_schema_says),
		cmocka_unit_test(a_race_says_whether_the_order_as_written_shows_it),
		cmocka_unit_test(json_names_the_seeds_of_the_replays_once),
		cmocka_unit_test(only_what_accessed_memory_has_an_access),
		cmocka_unit_test(json_of_any_bytes_is_valid),
		cmocka_unit_test(a_frame_has_two_lines_on_either_side),
		cmocka_unit_test(plumbing_has_source_only_where_it_happened),
		cmocka_unit_test(a_file_that_is_none_has_no_lines),
		cmocka_unit_test(html_data_can_not_end_its_script),
		cmocka_unit_test(html_carries_the_same_report_as_json),
		cmocka_unit_test(frames_and_stacks_stand_in_a_report_once),
		cmocka_unit_test(a_cell_leads_to_its_finding_by_its_place),
		cmocka_unit_test(tap_fails_for_new_findings_alone),
		cmocka_unit_test(tap_of_any_title_is_one_line),
		cmocka_unit_test(tap_of_a_clean_run_is_ok),
		cmocka_unit_test(races_of_a_type_are_one_point_and_one_entry),
		cmocka_unit_test(what_was_seen_to_happen_is_drawn),
		cmocka_unit_test(the_summary_tells_new_findings_and_counts_the_rest),
		cmocka_unit_test(a_finding_says_which_one_it_follows_from),
		cmocka_unit_test(the_summary_of_a_replay_shows_what_is_known),
		cmocka_unit_test(the_line_of_the_title_is_told),
		cmocka_unit_test(what_the_interpreters_loop_did_is_said_to_be_its),
		cmocka_unit_test(a_name_is_short_for_people_and_a_line_near_by_is_told_as_such),
		cmocka_unit_test(a_stack_of_several_greenlets_is_told),
		cmocka_unit_test(what_the_program_said_and_who_holds_the_lock_is_told),
		cmocka_unit_test(a_finding_of_many_threads_is_no_page_long),
		cmocka_unit_test(the_summary_of_a_clean_run_says_what_ran),
		cmocka_unit_test(a_run_says_what_it_tried_and_what_to_run_next),
		cmocka_unit_test(tests_that_never_passed_are_told_first_if_they_are_many),
		cmocka_unit_test(files_that_cant_be_imported_are_told_first_if_they_are_many),
		cmocka_unit_test(the_summary_fits_the_terminal_but_for_commands),
		cmocka_unit_test(a_title_can_not_steer_the_terminal),
		cmocka_unit_test(a_full_disk_is_told_by_every_writer),
		cmocka_unit_test(an_empty_report_can_be_written_in_every_format),
		cmocka_unit_test(a_format_is_found_by_its_name_alone),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(all, make_folder, remove_folder);
}
