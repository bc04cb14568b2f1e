/* entries.c - races of pairs are told by type, with the fields' names from the lines that touch them. */
/* Before cmocka, whose fail() is a macro. */
#include "runner/base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/entries.h"

/* At this offset of an object of this type; of no object. */
#define OBJECT(place, name)                                                                        \
	((struct subject){ .kind = SUBJECT_OBJECT,                                                 \
			   .type = (char *)(name),                                                 \
			   .offset = (place),                                                      \
			   .description = (char *)"offset 1 of a Python object of type 'other'" })
#define BLOCK                                                                                      \
	((struct subject){ .kind = SUBJECT_BLOCK,                                                  \
			   .offset = 8,                                                            \
			   .description = (char *)"offset 1 of a Python object of type 'other'" })

static char source[] = "/tmp/ftstress-entries-XXXXXX";

/* A race whose two sides are at these lines of the source. What is said of it is not read. */
struct race {
	struct finding finding;
	struct participant sides[2];
	struct frame frames[2];
	char *tests[2];
};

static void race(struct race *race, const char *test, struct subject subject, int first, int second)
{
	*race = (struct race){ .tests = { (char *)test } };
	for (int i = 0; i < 2; i++) {
		race->frames[i] = (struct frame){ .language = FRAME_C,
						  .function = (char *)"f",
						  .file = source,
						  .line = i ? second : first,
						  .module = (char *)"box.so" };
		race->sides[i] = (struct participant){ .role = (char *)"write of 8 bytes",
						       .write = true,
						       .size = 8,
						       .stack = { &race->frames[i], 1 } };
	}
	race->finding = (struct finding){ .id = (char *)"data-race-1",
					  .kind = FINDING_DATA_RACE,
					  .tests = race->tests,
					  .test_count = 1,
					  .subject = subject,
					  .participants = race->sides,
					  .participant_count = 2 };
}

static int write_source(void **state)
{
	(void)state;
	int fd = mkstemp(source);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out)
		return -1;
	fputs("self->items = fresh;\n"                  /* 1 */
	      "if (self->room > self->items[0].size)\n" /* 2 */
	      "return box->items;\n"                    /* 3 */
	      "Py_SET_SIZE(self, n);\n"                 /* 4 */
	      "n = Py_SIZE(op) + ((Box *)op)->room;\n"  /* 5 */
	      "*where = 0;\n",                          /* 6 */
	      out);
	return fclose(out);
}

static int remove_source(void **state)
{
	(void)state;
	return unlink(source);
}

/* Findings and what a report needs beside them. */
struct document {
	struct race races[5];
	const struct finding *findings[5];
	char *operations[5];
	struct run_cell cells[2];
	struct run_type type;
	struct run_hook hook;
	struct run_info run;
	struct report_input input;
};

/* m.Box: items of three findings, ob_size of one, a list's size of one. */
static void make(struct document *document)
{
	*document = (struct document){
		.operations = { (char *)"a", (char *)"a#2", (char *)"b", (char *)"c", (char *)"d" },
		.hook = { (char *)"locks", true, false, NULL },
	};
	race(&document->races[0], "m.Box::a|b", OBJECT(40, "m.Box"), 1, 2);
	race(&document->races[1], "m.Box::a#2|b", OBJECT(40, "m.Box"), 3, 2);
	race(&document->races[2], "m.Box::b;a|c", OBJECT(16, "m.Box"), 4, 5);
	race(&document->races[3], "m.Box::a|c>b", OBJECT(24, "list"), 6, 6);
	document->races[3].tests[1] = (char *)"m.Bag::x|y"; /* told with the type of the first */
	document->races[3].finding.test_count = 2;
	race(&document->races[4], "m.Box::a|b", BLOCK, 6, 6);
	static const char *const ids[] = { "race-0", "race-1", "race-2", "race-3", "race-4" };
	for (size_t i = 0; i < 5; i++) {
		document->races[i].finding.id = (char *)ids[i];
		document->findings[i] = &document->races[i].finding;
	}
	document->cells[0] = (struct run_cell){ 2, 2, (char *)"race-2" };
	document->cells[1] = (struct run_cell){ 4, 4, (char *)"another" };
	document->type = (struct run_type){ .name = (char *)"m.Box",
					    .operations = document->operations,
					    .operation_count = 5,
					    .cells = document->cells,
					    .cell_count = 2 };
	document->run = (struct run_info){
		.types = &document->type, .type_count = 1, .hooks = &document->hook, .hook_count = 1
	};
	document->input = (struct report_input){ .run = &document->run,
						 .findings = document->findings,
						 .count = 5 };
}

static void the_member_that_the_lines_share_is_the_fields_name(void **state)
{
	(void)state;
	struct document document;
	make(&document);
	struct entries *entries = entries_new(&document.input);
	const struct fields *fields = entries->items[0].fields;
	assert_int_equal(fields->count, 4);
	static const char *const texts[] = { "items", "ob_size", "offset 24 of list",
					     "memory of its own" };
	static const size_t counts[] = { 2, 1, 1, 1 };
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(fields->items[i].text, texts[i]);
		assert_int_equal(fields->items[i].race_count, counts[i]);
	}
	assert_ptr_equal(fields->items[1].races[0], document.findings[2]);
	assert_int_equal(fields->items[0].offset, 40);
	assert_null(fields->items[2].name);
	assert_null(fields->items[3].type);
	struct buf out = { 0 };
	entry_add_fields(&out, &entries->items[0], 2);
	assert_string_equal(out.data, "items (2 races), ob_size (1) and 2 more");
	buf_free(&out);
	entries_free(entries);
}

static void what_debug_information_says_goes_before_lines(void **state)
{
	(void)state;
	struct document document;
	make(&document);
	/* Of two races at one offset one is known; two elements of an array are one field. */
	document.races[1].finding.subject.member = (char *)"slots";
	document.races[2].finding.subject.member = (char *)"cells[]";
	document.races[4].finding.subject = OBJECT(808, "m.Box");
	document.races[4].finding.subject.member = (char *)"cells[]";
	struct entries *entries = entries_new(&document.input);
	struct buf out = { 0 };
	entry_add_fields(&out, &entries->items[0], 10);
	assert_string_equal(out.data, "slots (2 races), cells[] (2), offset 24 of list (1)");
	buf_free(&out);
	entries_free(entries);
}

/* In each race of these the side that calls b() has no lock, and the other one has. */
static void check_culprit(struct document *document, struct held_lock *lock)
{
	struct frame calls[5][2];
	for (size_t i = 0; i < 5; i++) {
		struct participant *sides = document->races[i].sides;
		for (size_t k = 0; k < 2; k++) {
			calls[i][k] = (struct frame){ .language = FRAME_PYTHON,
						      .function = (char *)(k ? "b2" : "a") };
			sides[k].stack = (struct stack){ &calls[i][k], 1 };
			sides[k].locks = lock;
			sides[k].lock_count = k ? 0 : 1;
		}
	}
	struct entries *entries = entries_new(&document->input);
	assert_non_null(strstr(entries->items[0].title,
			       ": b takes no lock, against 2 of its 4 operations"));
	entries_free(entries);
	document->races[3].sides[1].lock_count = 1;
	entries = entries_new(&document->input);
	assert_non_null(strstr(entries->items[0].title, ": b races, against 2 of its 4"));
	entries_free(entries);
	document->races[3].sides[1].lock_count = 0;
	calls[3][1].function = (char *)"bare";
	entries = entries_new(&document->input);
	assert_non_null(strstr(entries->items[0].title, ": b races, against 2 of its 4"));
	entries_free(entries);
	for (size_t i = 0; i < 5; i++)
		for (size_t k = 0; k < 2; k++)
			document->races[i].sides[k].stack =
				(struct stack){ &document->races[i].frames[k], 1 };
}

static void races_of_a_type_are_one_entry_with_what_its_operations_lack(void **state)
{
	(void)state;
	struct document document;
	make(&document);
	struct entries *entries = entries_new(&document.input);
	assert_int_equal(entries->count, 1);
	const struct report_entry *entry = &entries->items[0];
	assert_int_equal(entry->count, 5);
	assert_string_equal(entry->title, "m.Box: items, ob_size, offset 24 of list, memory of its "
					  "own: 3 of its 4 operations take no lock");
	struct buf out = { 0 };
	entry_add_names(&out, entry->pairs, entry->pair_count, 10);
	assert_string_equal(out.data, "a|b, b|c, b|b");
	buf_free(&out);
	entries_free(entries);
	/* Who holds one takes one, and where locks were not watched nobody knows. */
	struct held_lock lock = { .name = (char *)"a lock" };
	document.races[4].sides[1].locks = &lock;
	document.races[4].sides[1].lock_count = 1;
	entries = entries_new(&document.input);
	assert_non_null(
		strstr(entries->items[0].title, ": b races, against 2 of its 4 operations"));
	entries_free(entries);
	document.races[4].sides[1].lock_count = 0;
	document.hook.live = false;
	entries = entries_new(&document.input);
	assert_non_null(
		strstr(entries->items[0].title, ": b races, against 2 of its 4 operations"));
	entries_free(entries);
	document.hook.live = true;
	check_culprit(&document, &lock);
	/* A report of a run whose table is gone. */
	document.hook.live = false;
	document.run.type_count = 0;
	entries = entries_new(&document.input);
	assert_non_null(strstr(entries->items[0].title, ": b races, against 2 operations"));
	entries_free(entries);
}

/* They take none of the locks that all else takes, and only read: none of them races with another. */
static void functions_that_go_over_a_shared_object_are_named(void **state)
{
	(void)state;
	static const char *const tests[][2] = {
		{ "m.List::pop|read(.)", "m.List::pop|show(.)" },
		{ "m.List::clear|read(.)", "m.List::clear|show(.)" },
		{ "m.List::sort|read(.)", "m.List::sort|show(.)" },
		{ "m.List::append|read(.)", "m.List::append|show(.)" },
		{ "m.List::read(.)|pop", "m.List::pop|read(.)" },
	};
	struct document document;
	make(&document);
	struct held_lock lock = { .name = (char *)"a lock" };
	struct frame calls[5][2];
	for (size_t i = 0; i < 5; i++) {
		race(&document.races[i], tests[i][0], OBJECT(24, "List"), 1, 2);
		document.races[i].tests[1] = (char *)tests[i][1];
		document.races[i].finding.test_count = 2;
		for (size_t k = 0; k < 2; k++) {
			calls[i][k] = (struct frame){ .language = FRAME_PYTHON,
						      .function = (char *)(k ? "read2" : "pop") };
			document.races[i].sides[k].stack = (struct stack){ &calls[i][k], 1 };
			document.races[i].sides[k].locks = &lock;
			document.races[i].sides[k].lock_count = k ? 0 : 1;
		}
	}
	struct entries *entries = entries_new(&document.input);
	assert_int_equal(entries->count, 1);
	assert_string_equal(strrchr(entries->items[0].title, ':'),
			    ": read(.), show(.) take no lock, against 4 operations");
	entries_free(entries);
	document.races[0].sides[1].lock_count = 1; /* a lock of something else */
	entries = entries_new(&document.input);
	assert_string_equal(strrchr(entries->items[0].title, ':'),
			    ": read(.), show(.) race, against 4 operations");
	entries_free(entries);
	/* They need not be few. */
	document.races[2].tests[0] = document.races[2].tests[1] = (char *)"m.List::pop|read(.)";
	document.races[3].tests[0] = document.races[3].tests[1] = (char *)"m.List::pop|list(.)";
	document.races[1].tests[0] = document.races[1].tests[1] = (char *)"m.List::add|read(.)";
	entries = entries_new(&document.input);
	assert_string_equal(strrchr(entries->items[0].title, ':'),
			    ": read(.), show(.), list(.) race, against 2 operations");
	entries_free(entries);
	/* If two of the others race, the type itself lacks something. */
	document.races[4].tests[1] = (char *)"m.List::pop|add";
	entries = entries_new(&document.input);
	assert_string_equal(strrchr(entries->items[0].title, ':'), ": 5 operations race");
	entries_free(entries);
}

/* Arrays of objects and of integers, say, have a table each. */
static void kinds_of_a_type_are_one_entry(void **state)
{
	(void)state;
	struct document document;
	make(&document);
	document.type.name = (char *)"m.Box[object]";
	document.races[0].tests[0] = (char *)"m.Box[int]::a|b";
	document.races[2].tests[0] = (char *)"m.Box[object]@2::b;a|c";
	struct entries *entries = entries_new(&document.input);
	assert_int_equal(entries->count, 1);
	assert_string_equal(entries->items[0].type, "m.Box");
	assert_int_equal(entries->items[0].types, 1);
	assert_int_equal(entries->items[0].operations_all, 4);
	assert_int_equal(entries->items[0].pair_count, 3);
	entries_free(entries);
}

static void what_is_new_is_told_apart_from_what_is_not(void **state)
{
	(void)state;
	struct document document;
	make(&document);
	document.races[3].finding.status = document.races[4].finding.status = STATUS_SUPPRESSED;
	struct entries *entries = entries_new(&document.input);
	assert_int_equal(entries->count, 2);
	assert_int_equal(entries->items[0].count, 3);
	assert_int_equal(entries->items[1].witness->status, STATUS_SUPPRESSED);
	assert_int_equal(entries_find(entries, "race-4"), 1);
	assert_int_equal(entries_find(entries, "another"), 2);
	entries_free(entries);
}

static void the_witness_is_the_race_that_was_seen_to_do_the_worst(void **state)
{
	(void)state;
	struct document document;
	make(&document);
	document.races[0].finding.shows = EVIDENCE_RAISES;
	document.races[2].finding.shows = EVIDENCE_CRASHES;
	struct entries *entries = entries_new(&document.input);
	assert_ptr_equal(entries->items[0].witness, document.findings[2]);
	entries_free(entries);
}

static void any_other_finding_is_an_entry_of_its_own(void **state)
{
	(void)state;
	struct document document;
	make(&document);
	race(&document.races[1], "tests/test_a.py::test_b", (struct subject){ 0 }, 1, 2);
	document.races[1].finding.title = (char *)"f writes while g reads";
	document.races[1].frames[1].function = (char *)"g";
	document.races[2].finding.kind = FINDING_CRASH;
	struct entries *entries = entries_new(&document.input);
	assert_int_equal(entries->count, 3);
	assert_null(entries->items[1].type);
	assert_string_equal(entries->items[1].title, "f writes while g reads");
	assert_ptr_equal(entries->items[2].witness, document.findings[2]);
	entries_free(entries);
}

static void what_is_told_apart_and_only_follows_is_no_entry_of_its_own(void **state)
{
	(void)state;
	struct document document;
	make(&document);
	document.run.covered.package = (char *)"m";
	for (size_t i = 3; i < 5; i++) {
		char *id = document.races[i].finding.id;
		race(&document.races[i], "m.Box::a|c",
		     (struct subject){ .kind = SUBJECT_GLOBAL, .type = (char *)"table" }, 6, 6);
		document.races[i].finding.id = id;
	}
	struct entries *entries = entries_new(&document.input);
	assert_int_equal(entries->count, 2);
	entries_free(entries);
	document.races[3].finding.follows = document.races[0].finding.id;
	entries = entries_new(&document.input);
	assert_int_equal(entries->count, 2); /* one of it does not */
	entries_free(entries);
	document.races[4].finding.follows = document.races[1].finding.id;
	entries = entries_new(&document.input);
	assert_int_equal(entries->count, 1);
	assert_string_equal(entries->items[0].type, "m.Box");
	entries_free(entries);
}

static void capsules_of_another_name_are_another_entry(void **state)
{
	(void)state;
	struct document document;
	make(&document);
	race(&document.races[3], "builtins.PyCapsule[m.reader]::read(.)|read(.)", BLOCK, 6, 6);
	race(&document.races[4], "builtins.PyCapsule[m.writer]::write(.)|write(.)", BLOCK, 6, 6);
	struct entries *entries = entries_new(&document.input);
	assert_int_equal(entries->count, 3);
	assert_string_equal(entries->items[1].type, "builtins.PyCapsule[m.reader]");
	assert_string_equal(entries->items[2].type, "builtins.PyCapsule[m.writer]");
	entries_free(entries);
}

/* Of a test there is one group of races, or there are two; and it came with them, or another time. */
static void a_crash_of_a_test_is_told_with_its_only_races(void **state)
{
	(void)state;
	static char *tokens[] = { (char *)"1.2.3", (char *)"1.3.4" };
	struct document document;
	make(&document);
	for (size_t i = 0; i < 3; i++) {
		char *id = document.races[i].finding.id;
		race(&document.races[i], i < 2 ? "t.py::test_a" : "t.py::test_b",
		     OBJECT(40, i < 2 ? "m.Box" : "m.Bag"), 1, 2);
		document.races[i].finding.id = id;
		document.races[i].finding.replays = tokens;
		document.races[i].finding.replay_count = 1;
	}
	document.races[1].finding.kind = FINDING_CRASH;
	document.races[1].finding.participant_count = 0;
	document.input.count = 3;
	struct entries *entries = entries_new(&document.input);
	assert_int_equal(entries->count, 2);
	assert_int_equal(entries->items[0].count, 2);
	entries_free(entries);
	document.races[1].finding.replays = tokens + 1;
	entries = entries_new(&document.input);
	assert_int_equal(entries->count, 3);
	entries_free(entries);
	document.races[1].finding.replays = tokens;
	document.races[2].tests[0] = (char *)"t.py::test_a";
	entries = entries_new(&document.input);
	assert_int_equal(entries->count, 3);
	entries_free(entries);
}

/* Nothing of it is known but its pair and what was printed. */
static void crash(struct document *document, size_t at, const char *test, const char *said)
{
	race(&document->races[at], test, (struct subject){ 0 }, 1, 2);
	document->races[at].finding.kind = FINDING_CRASH;
	document->races[at].finding.said = (char *)said;
	document->races[at].finding.participant_count = 0;
}

static void a_crash_of_operations_that_race_is_of_their_entry(void **state)
{
	(void)state;
	struct document document;
	make(&document);
	crash(&document, 3, "m.Box@2::a#3|b", "assertion failed");
	crash(&document, 4, "m.Box::a|d", "assertion failed"); /* nothing races in d */
	struct entries *entries = entries_new(&document.input);
	assert_int_equal(entries->count, 1); /* they say the same */
	document.races[4].finding.said = (char *)"another one";
	entries_free(entries);
	entries = entries_new(&document.input);
	assert_int_equal(entries->count, 2);
	assert_int_equal(entries->items[0].count, 4);
	/* One thread alone crashes, too: no lock helps. */
	document.races[3].finding.evidence = (char *)"no matter of threads";
	document.races[4].finding.evidence = (char *)"no matter of threads";
	document.races[4].finding.said = (char *)"assertion failed";
	entries_free(entries);
	entries = entries_new(&document.input);
	assert_int_equal(entries->count, 2);
	assert_int_equal(entries->items[0].count, 3);
	assert_int_equal(entries->items[1].count, 2);
	entries_free(entries);
}

/* What follows from another finding is sorted behind it, and an entry stands at its first. */
static void an_entry_stands_where_its_first_finding_does(void **state)
{
	(void)state;
	struct document document;
	make(&document);
	race(&document.races[4], "m.Bag::a|b", OBJECT(8, "m.Bag"), 6, 6);
	const struct finding *last = document.findings[4];
	document.findings[4] = document.findings[1];
	document.findings[1] = last;
	struct entries *entries = entries_new(&document.input);
	assert_int_equal(entries->count, 2);
	assert_string_equal(entries->items[0].type, "m.Box");
	assert_string_equal(entries->items[1].type, "m.Bag");
	assert_int_equal(entries->items[0].count, 4);
	entries_free(entries);
}

static void what_a_class_in_python_inherits_is_told_with_the_class_that_has_it(void **state)
{
	(void)state;
	struct document document;
	make(&document);
	char *bases[] = { (char *)"m.Box" };
	struct run_type types[] = {
		document.type, { .name = (char *)"m.SubBox", .bases = bases, .base_count = 1 }
	};
	document.run.types = types;
	document.run.type_count = 2;
	race(&document.races[3], "m.SubBox::a|b", OBJECT(40, "SubBox"), 1, 2);
	race(&document.races[4], "m.SubBox::a|b", OBJECT(64, "SubBox"), 1, 2);
	for (size_t i = 3; i < 5; i++) {
		document.races[i].finding.kind = FINDING_PYTHON_RACE;
		for (size_t k = 0; k < 2; k++) {
			struct frame *frame = &document.races[i].frames[k];
			frame->function = (char *)(i == 3 ? "Box.add" : "SubBox.add");
			frame->file = (char *)"m/box.py";
		}
	}
	struct entries *entries = entries_new(&document.input);
	assert_int_equal(entries->count, 2);
	assert_string_equal(entries->items[0].type, "m.Box");
	assert_int_equal(entries->items[0].count, 4);
	assert_string_equal(entries->items[1].type, "m.SubBox"); /* its own method */
	entries_free(entries);
}

static void what_a_type_inherits_is_told_with_the_type_that_has_it(void **state)
{
	(void)state;
	struct document document;
	make(&document);
	char *bases[] = { (char *)"m.SubBox",
			  (char *)"m.Box" }; /* a subclass stands for it in pairs */
	struct run_type types[] = {
		document.type, { .name = (char *)"m.SubBox", .bases = bases, .base_count = 2 }
	};
	document.run.types = types;
	document.run.type_count = 2;
	race(&document.races[3], "m.SubBox::a|b", OBJECT(40, "SubBox"), 1, 2);
	race(&document.races[4], "m.SubBox::a|b", OBJECT(64, "SubBox"), 1, 2);
	for (size_t k = 0; k < 2; k++) {
		document.races[3].sides[k].type = (char *)"m.Box";
		document.races[4].sides[k].type = (char *)(k ? "m.Box" : "m.SubBox");
	}
	struct entries *entries = entries_new(&document.input);
	assert_int_equal(entries->count, 2);
	assert_string_equal(entries->items[0].type, "m.Box");
	assert_int_equal(entries->items[0].count, 4);
	assert_int_equal(entries->items[0].fields->count, 2);
	assert_int_equal(entries->items[0].fields->items[0].race_count, 3);
	assert_string_equal(entries->items[1].type, "m.SubBox"); /* one side is its own */
	entries_free(entries);
	/* A function that takes such an object meets what it inherits, which frees memory. */
	document.races[4].sides[0].type = (char *)"m.Reader";
	document.races[4].finding.subject = BLOCK;
	crash(&document, 2, "m.SubBox@2::a|b", "assertion failed");
	entries = entries_new(&document.input);
	assert_int_equal(entries->count, 1);
	entries_free(entries);
	/* Nothing is inherited from a type that merely gets the object as an argument. */
	types[1].base_count = 1;
	entries = entries_new(&document.input);
	assert_int_equal(entries->count, 2);
	assert_string_equal(entries->items[1].type, "m.SubBox");
	assert_int_equal(entries->items[1].count, 3);
	entries_free(entries);
}

/* All iterators, say: whatever their types. */
static void what_documentation_excludes_is_one_entry_a_rule(void **state)
{
	(void)state;
	struct document document;
	make(&document);
	race(&document.races[3], "m.Walk::next|next", OBJECT(16, "m.Walk"), 4, 4);
	race(&document.races[4], "m.Steps::next|copy", OBJECT(16, "m.Steps"), 4, 4);
	for (size_t i = 3; i < 5; i++) {
		document.races[i].finding.status = STATUS_DOCUMENTED;
		document.races[i].finding.suppressed_by =
			(char *)"iterators = not shared (cpython.ini:7)";
	}
	struct entries *entries = entries_new(&document.input);
	assert_int_equal(entries->count, 2);
	const struct report_entry *entry = &entries->items[1];
	assert_string_equal(entry->type, "iterators");
	assert_string_equal(entry->title,
			    "iterators = not shared, as documented: 2 races of 2 types");
	struct buf out = { 0 };
	entry_add_names(&out, entry->pairs, entry->pair_count, 10);
	assert_string_equal(out.data, "m.Walk::next|next, m.Steps::copy|next");
	/* What comes of such a race is told with it. */
	document.races[4].finding.kind = FINDING_REFERENCE_COUNT;
	struct entries *counted = entries_new(&document.input);
	assert_int_equal(counted->count, 2);
	entries_free(counted);
	document.races[4].finding.kind = FINDING_DATA_RACE;
	buf_clear(&out);
	entry_add_fields(&out, entry, 10);
	assert_string_equal(out.data, "ob_size of m.Walk (1 race), ob_size of m.Steps (1)");
	buf_free(&out);
	entries_free(entries);
}

/* A package's object holds a memoryview, and hands calls on to it. */
static void objects_of_the_interpreters_are_told_apart_from_the_type_that_holds_them(void **state)
{
	(void)state;
	struct document document;
	make(&document);
	struct race *within = &document.races[3], *other = &document.races[4];
	race(within, "m.Box::a|c", OBJECT(24, "memoryview"), 6, 6);
	race(other, "m.Box::a|b", OBJECT(24, "memoryview"), 6, 6);
	within->frames[0].module = within->frames[1].module = (char *)"python3.14t";
	other->frames[0].module = (char *)"python3.14t"; /* the other side is the package's */
	struct entries *entries = entries_new(&document.input);
	assert_int_equal(entries->count, 1); /* CPython's own suite: all are its types */
	entries_free(entries);
	document.run.covered.package = (char *)"m";
	entries = entries_new(&document.input);
	assert_int_equal(entries->count, 2);
	assert_int_equal(entries->items[0].count, 4);
	assert_string_equal(entries->items[1].type, "memoryview");
	assert_string_equal(entries->items[1].title, "memoryview, in m.Box: offset 24: 2 of its 4 "
						     "operations take no lock");
	assert_string_equal(entries->items[1].pairs[0], "a|c");
	entries_free(entries);
	/* One call has made it: nobody handed it in. */
	struct frame maker = { .language = FRAME_PYTHON,
			       .function = (char *)"names_set",
			       .file = (char *)"/c/pairs/m-1/m.Box.py",
			       .line = 9 };
	within->finding.subject.allocated = (struct stack){ &maker, 1 };
	entries = entries_new(&document.input);
	assert_int_equal(entries->count, 1);
	entries_free(entries);
	maker.function = (char *)"<genexpr>"; /* the main thread, before: in <module> or make() */
	entries = entries_new(&document.input);
	assert_int_equal(entries->count, 2);
	entries_free(entries);
	/* Whose reference was missing when it was freed, is not told by who touches it. */
	within->finding.rank = RANK_FREED;
	entries = entries_new(&document.input);
	assert_int_equal(entries->count, 1);
	entries_free(entries);
	/* Pairs of two types have shown it. */
	within->finding.rank = RANK_FIELD;
	race(other, "m.Bag::x|y", OBJECT(24, "memoryview"), 6, 6);
	other->frames[0].module = other->frames[1].module = (char *)"python3.14t";
	entries = entries_new(&document.input);
	assert_non_null(strstr(entries->items[1].title, "memoryview, in m.Box and 1 more type: "));
	assert_string_equal(entries->items[1].pairs[0], "m.Box::a|c");
	entries_free(entries);
}

/* m.Box is a list that a package has made a type of its own out of. */
static void what_a_type_inherits_is_told_apart(void **state)
{
	(void)state;
	struct document document;
	make(&document);
	document.run.covered.package = (char *)"m";
	struct race *inherited = &document.races[4];
	struct frame stacks[2][3];
	for (int i = 0; i < 2; i++) {
		stacks[i][0] = inherited->frames[i];
		stacks[i][0].module = (char *)"python3.14t";
		stacks[i][1] = stacks[i][0];
		stacks[i][2] = (struct frame){ .language = FRAME_PYTHON,
					       .function = (char *)"pop",
					       .file = (char *)"/c/pairs/m-1/m.Box.py" };
		inherited->sides[i].stack = (struct stack){ stacks[i], 3 };
	}
	struct entries *entries = entries_new(&document.input);
	assert_int_equal(entries->count, 2);
	assert_string_equal(entries->items[1].title,
			    "the interpreter's own code, in m.Box: memory of "
			    "its own: 2 of its 4 operations take no lock");
	entries_free(entries);
	/* A generator that an attribute gives. */
	inherited->finding.subject = OBJECT(24, "generator");
	entries = entries_new(&document.input);
	assert_string_equal(entries->items[1].title, "generator, in m.Box: offset 24: 2 of its 4 "
						     "operations take no lock");
	entries_free(entries);
	inherited->finding.subject = BLOCK;
	stacks[1][1].module = (char *)"box.so"; /* m.Box.pop(), which calls list.pop() */
	entries = entries_new(&document.input);
	assert_int_equal(entries->count, 1);
	entries_free(entries);
}

static void a_global_variable_is_told_apart_from_the_types_that_use_it(void **state)
{
	(void)state;
	struct document document;
	make(&document);
	document.run.covered.package = (char *)"m";
	struct subject counter = { .kind = SUBJECT_GLOBAL, .type = (char *)"counter" };
	race(&document.races[3], "m.Box::a|c", counter, 6, 6);
	race(&document.races[4], "m.Bag::x|y", counter, 6, 6);
	struct entries *entries = entries_new(&document.input);
	assert_int_equal(entries->count, 2);
	assert_string_equal(entries->items[1].title,
			    "the global variable counter, in m.Box and 1 more "
			    "type: 4 operations take no lock");
	entries_free(entries);
	/* A table, */
	document.races[4].finding.subject.offset = 24;
	entries = entries_new(&document.input);
	assert_string_equal(
		entries->items[1].title,
		"the global variable counter, in m.Box and 1 more type: the global variable "
		"counter, offset 24: 4 operations take no lock");
	entries_free(entries);
	/* and in CPython's own suite. */
	document.run.covered.package = NULL;
	entries = entries_new(&document.input);
	assert_string_equal(entries->items[0].fields->items[2].text, "the global variable counter");
	assert_string_equal(entries->items[1].fields->items[0].text,
			    "offset 24 of the global variable counter");
	entries_free(entries);
}

/* Its methods are Python code: what they use has names. */
static void
races_of_python_code_in_pairs_are_one_entry_with_the_names_of_the_variables(void **state)
{
	(void)state;
	struct document document;
	make(&document);
	document.run.covered.package = (char *)"m";
	static const char *const titles[] = { "Box.size: an update in Box.a is lost if",
					      "Box.size: what Box.a checks, Box.b changes",
					      "an item of a dict: what Box.a checks",
					      "Base.kept: an update in Base.a is lost",
					      "global total: an update in Box.a is lost" };
	for (size_t i = 0; i < 5; i++) {
		race(&document.races[i], "m.Box::a|c", OBJECT(24, i == 2 ? "dict" : "Box"), 6, 6);
		document.races[i].finding.kind = FINDING_PYTHON_RACE;
		document.races[i].finding.title = (char *)titles[i];
		for (size_t k = 0; k < 2; k++) {
			document.races[i].frames[k].language = FRAME_PYTHON;
			document.races[i].frames[k].module = NULL;
		}
	}
	struct entries *entries = entries_new(&document.input);
	assert_int_equal(entries->count, 2);
	assert_int_equal(entries->items[0].count, 4);
	assert_string_equal(entries->items[0].title,
			    "m.Box: size, an item of a dict, Base.kept: 2 of its 4 operations take "
			    "no lock");
	assert_string_equal(entries->items[1].title,
			    "the global variable total, in m.Box: global total: 2 of its 4 "
			    "operations take no lock");
	entries_free(entries);
}

/* m.Box has an array inside, and each pair met at another item of it. */
static void items_of_an_array_are_one_field(void **state)
{
	(void)state;
	struct document document;
	make(&document);
	race(&document.races[3], "m.Box::a|c", OBJECT(48, "m.Box"), 3, 3);
	struct entries *entries = entries_new(&document.input);
	const struct fields *fields = entries->items[0].fields;
	assert_int_equal(fields->count, 3);
	assert_string_equal(fields->items[0].text, "items");
	assert_int_equal(fields->items[0].offset, 40);
	assert_int_equal(fields->items[0].race_count, 3);
	assert_ptr_equal(fields->items[0].races[2], document.findings[3]);
	entries_free(entries);
}

/* ---- races of tests ---- */

/* Races of tests, each with two functions and the line at which the object was made. */
struct shared {
	struct race races[6];
	struct frame made[6];
	struct run_info run;
	const struct finding *findings[6];
	size_t count;
};

static void share(struct shared *shared, struct subject subject, const char *one, const char *two,
		  int made)
{
	static const char *const ids[] = { "race-0", "race-1", "race-2",
					   "race-3", "race-4", "race-5" };
	size_t at = shared->count++;
	struct race *one_race = &shared->races[at];
	race(one_race, "tests/test_a.py::test_b", subject, 6, 6);
	one_race->frames[0].function = (char *)one;
	one_race->frames[1].function = (char *)two;
	shared->made[at] = (struct frame){ .language = FRAME_PYTHON,
					   .function = (char *)"make",
					   .file = (char *)"/t/test_a.py",
					   .line = made };
	one_race->finding.subject.allocated = (struct stack){ &shared->made[at], made ? 1 : 0 };
	one_race->finding.id = (char *)ids[at];
	one_race->finding.title = (char *)"one writes while another reads";
	shared->findings[at] = &one_race->finding;
}

static struct entries *entries_of(struct shared *shared)
{
	const struct report_input input = { .run = &shared->run,
					    .findings = shared->findings,
					    .count = shared->count };
	return entries_new(&input);
}

#define DATA(name) ((struct subject){ .kind = SUBJECT_BUFFER, .type = (char *)(name) })

/* An array that two threads have: its length, its pointer, its data, and what the allocator does. */
static void races_on_one_object_are_one_entry(void **state)
{
	(void)state;
	struct shared shared = { 0 };
	share(&shared, OBJECT(40, "m.Array"), "resize", "get", 4);
	share(&shared, OBJECT(32, "m.Array"), "resize", "append", 9);
	share(&shared, DATA("m.Array"), "set", "resize", 4);
	share(&shared, BLOCK, "set", "get", 0);
	share(&shared, (struct subject){ 0 }, "page_init", "resize", 0);
	share(&shared, DATA("m.Array"), "fill", "sum", 77); /* another one's data */
	shared.races[4].finding.follows = (char *)"race-0";
	struct entries *entries = entries_of(&shared);
	assert_int_equal(entries->count, 2);
	const struct report_entry *entry = &entries->items[0];
	assert_int_equal(entry->count, 5);
	assert_string_equal(entry->type, "m.Array");
	/* What follows is no function that races. */
	assert_string_equal(entry->title,
			    "m.Array: offset 40, offset 32, memory of its own: 4 functions "
			    "race");
	assert_int_equal(entry->operation_count, 0);
	struct buf out = { 0 };
	entry_add_names(&out, entry->functions, entry->function_count, 10);
	assert_string_equal(out.data, "resize, get, append, set");
	buf_clear(&out);
	entry_add_follows(&out, entry);
	assert_string_equal(out.data, "1 race that most likely follows");
	buf_free(&out);
	assert_null(entries->items[1].type);
	assert_string_equal(entries->items[1].title, "one writes while another reads");
	entries_free(entries);
	/* Somebody is given what resize() still uses. */
	shared.races[4].finding.follows = NULL;
	shared.races[4].frames[0].function = (char *)"mi_page_init";
	shared.races[4].frames[0].module = (char *)"libpython3.14t.so";
	entries = entries_of(&shared);
	assert_int_equal(entries->items[0].count, 5);
	entries_free(entries);
}

/* A race of two operations, each "TYPE.NAME", in this test. */
static void share_in(struct shared *shared, const char *test, struct subject subject,
		     const char *one, const char *two, int made)
{
	static char types[12][32];
	share(shared, subject, "f", "g", made);
	struct race *race = &shared->races[shared->count - 1];
	const char *const operations[] = { one, two };
	for (size_t i = 0; i < 2; i++) {
		char *type = types[2 * (shared->count - 1) + i];
		const char *dot = strrchr(operations[i], '.');
		snprintf(type, sizeof types[0], "%.*s", (int)(dot - operations[i]), operations[i]);
		race->sides[i].type = type;
		race->sides[i].operation = (char *)dot + 1;
		race->sides[i].stack.frames[0].line = 10 * (int)shared->count + (int)i;
	}
	race->tests[0] = (char *)test;
}

/* Elements that two threads share; and a Builder that they share, which makes and fills Elements. */
static void what_is_inside_of_a_shared_object_is_the_outer_ones_bug(void **state)
{
	(void)state;
	struct shared shared = { 0 };
	share_in(&shared, "elements", OBJECT(40, "m.Element"), "m.Element.append", "m.Element.get",
		 4);
	share_in(&shared, "builder", OBJECT(24, "m.Builder"), "m.Builder.start", "m.Builder.end",
		 7);
	share_in(&shared, "builder", OBJECT(40, "m.Element"), "m.Builder.start", "m.Builder.start",
		 8);
	share_in(&shared, "builder", OBJECT(40, "m.Element"), "m.Element.dealloc", "m.Builder.end",
		 8);
	share_in(&shared, "builder", OBJECT(40, "m.Element"), "m.Element.dealloc",
		 "m.Element.dealloc", 8);
	struct entries *entries = entries_of(&shared);
	assert_int_equal(entries->count, 2);
	assert_int_equal(entries->items[0].count, 1);
	assert_int_equal(entries->items[1].count, 4);
	entries_free(entries);
	/* Where no Builder races, an Element's race is an Element's, whoever touches it. */
	shared.races[1].finding.subject = OBJECT(24, "m.Other");
	entries = entries_of(&shared);
	assert_int_equal(entries->items[0].count, 4);
	entries_free(entries);
	/* Elements race by themselves there: nobody knows which of the two the Builder's race is of. */
	shared.races[1].finding.subject = OBJECT(24, "m.Builder");
	shared.races[0].tests[0] = shared.races[1].tests[0];
	entries = entries_of(&shared);
	assert_int_equal(entries->count, 3);
	entries_free(entries);
}

/* Two generators, one of them inside of a groupby(): the same two functions race, so both tests saw that race. */
static void a_crash_is_of_the_races_of_its_own_test(void **state)
{
	(void)state;
	struct shared shared = { 0 };
	char *const replay = (char *)"1.2.3";
	share(&shared, OBJECT(40, "m.groupby"), "next", "next", 4);
	share(&shared, OBJECT(56, "m.groupby"), "step", "next", 4);
	share(&shared, OBJECT(83, "numbers"), "send", "clear", 9);
	share(&shared, (struct subject){ 0 }, "send", "send", 0);
	for (size_t i = 0; i < 4; i++) {
		shared.races[i].tests[0] = (char *)(i < 2 ? "groupby" : "generator");
		shared.races[i].finding.replays = (char **)&replay;
		shared.races[i].finding.replay_count = 1;
	}
	shared.races[1].tests[1] = (char *)"generator";
	shared.races[1].finding.test_count = 2;
	struct finding *crash = &shared.races[3].finding;
	crash->kind = FINDING_CRASH;
	crash->follows = (char *)"race-1";
	struct entries *entries = entries_of(&shared);
	assert_int_equal(entries->count, 2);
	assert_ptr_equal(entries->items[1].members[1], crash);
	entries_free(entries);
	/* If its test alone had no race in that iteration, it is of the one that it follows from. */
	static char *other = (char *)"1.9.9";
	shared.races[2].finding.replays = &other;
	entries = entries_of(&shared);
	assert_int_equal(entries->items[0].count, 3);
	entries_free(entries);
}

/* Somebody shares a range iterator; somebody else a groupby() with one inside. */
static void what_is_all_that_races_in_a_test_is_a_bug_by_itself(void **state)
{
	(void)state;
	struct shared shared = { 0 };
	share(&shared, OBJECT(48, "range_iterator"), "next", "next", 4);
	share(&shared, OBJECT(40, "range_iterator"), "length", "next", 4);
	share(&shared, OBJECT(48, "m.groupby"), "step", "next", 9);
	struct entries *entries = entries_of(&shared);
	assert_int_equal(entries->count, 2);
	assert_int_equal(entries->items[0].count, 2);
	entries_free(entries);
	shared.races[0].tests[1] = (char *)"range_iterator";
	shared.races[0].finding.test_count = 2;
	entries = entries_of(&shared);
	assert_int_equal(entries->count, 3);
	entries_free(entries);
}

/* Both calls were of m.Box, which has blocks of malloc(): no object says so. */
static void what_operations_of_a_type_do_to_each_other_is_one_entry(void **state)
{
	(void)state;
	struct document document;
	make(&document);
	static const char *const operations[5][2] = { { "feed", "gets" },
						      { "gets", "gets" },
						      { "len", "feed" },
						      { "feed", "x" },
						      { "feed", "gets" } };
	const struct subject heap = { .kind = SUBJECT_HEAP, .offset = 8, .size = 24 };
	for (size_t i = 0; i < 5; i++) {
		race(&document.races[i], "test_box.py::test", heap, 6, 6);
		document.races[i].finding.id = xprintf("race-%zu", i);
		for (size_t k = 0; k < 2; k++) {
			struct participant *side = &document.races[i].sides[k];
			side->type = (char *)(i == 3 && k ? "m.Bag" : "m.Box");
			side->operation = (char *)operations[i][k];
			document.races[i].frames[k].function = (char *)(i == 3 ? "h"
									: k    ? "f"
									       : "g");
			document.races[i].frames[k].line = (int)(10 * i + k);
		}
	}
	document.races[2].finding.subject = OBJECT(40, "m.Box");
	document.races[4].finding.subject =
		(struct subject){ .kind = SUBJECT_GLOBAL, .type = (char *)"table" };
	struct entries *entries = entries_new(&document.input);
	assert_int_equal(entries->count, 3);
	assert_string_equal(entries->items[0].title,
			    "m.Box: offset 40, memory of its own: feed, gets, len take no lock");
	assert_int_equal(entries->items[0].count, 3);
	/* One call was of another type; a variable has its own entry. */
	assert_ptr_equal(entries->items[1].witness, document.findings[3]);
	assert_ptr_equal(entries->items[2].witness, document.findings[4]);
	entries_free(entries);
	/* What was freed in use is a bug of its own, if nothing else races there. */
	document.races[1].finding.rank = RANK_FREED;
	entries = entries_new(&document.input);
	assert_int_equal(entries->count, 3);
	document.races[0].finding.rank = document.races[2].finding.rank = RANK_FREED;
	document.races[2].finding.subject = heap;
	entries_free(entries);
	entries = entries_new(&document.input);
	assert_int_equal(entries->count, 5);
	entries_free(entries);
	for (size_t i = 0; i < 3; i++)
		document.races[i].finding.rank = RANK_NONE;
	document.races[2].finding.subject = OBJECT(40, "m.Box");
	/* What one of them frees twice, */
	document.races[3].finding.kind = FINDING_DOUBLE_FREE;
	entries = entries_new(&document.input);
	assert_int_equal(entries->count, 2);
	entries_free(entries);
	/* or uses when the interpreter has freed it: */
	struct race *late = &document.races[3];
	late->finding.kind = FINDING_USE_AFTER_FREE;
	struct frame ends[2] = { late->frames[1], late->frames[1] };
	ends[0].function = (char *)"PyObject_Free";
	ends[0].module = (char *)"python3.14t";
	late->sides[1].stack = (struct stack){ ends, 2 };
	late->sides[1].type = NULL;
	entries = entries_new(&document.input);
	assert_int_equal(entries->count, 3);
	entries_free(entries);
	ends[1].module = (char *)"python3.14t";
	entries = entries_new(&document.input);
	assert_int_equal(entries->count, 2);
	entries_free(entries);
	late->sides[1].stack = (struct stack){ &late->frames[1], 1 };
	late->sides[1].type = (char *)"m.Bag";
	late->finding.kind = FINDING_DATA_RACE;
	/* but the data of a buffer is for those who share it. */
	document.races[0].finding.rank = RANK_DATA;
	document.races[0].finding.subject = OBJECT(8, "m.Box");
	document.races[0].finding.subject.kind = SUBJECT_BUFFER;
	entries = entries_new(&document.input);
	assert_int_equal(entries->count, 4);
	entries_free(entries);
	for (size_t i = 0; i < 5; i++)
		free(document.races[i].finding.id);
}

static void what_one_function_borrows_is_one_entry_whoever_lets_go(void **state)
{
	(void)state;
	struct shared shared = { 0 };
	share(&shared, OBJECT(0, "list"), "size_of", "pop", 4);
	share(&shared, OBJECT(0, "list"), "size_of", "clear", 5);
	share(&shared, OBJECT(0, "list"), "first_of", "clear", 6);
	for (size_t i = 0; i < 3; i++) {
		shared.races[i].finding.kind = FINDING_BORROWED_REFERENCE;
		shared.races[i].sides[0].write = false;
	}
	struct entries *entries = entries_of(&shared);
	assert_int_equal(entries->count, 2);
	assert_int_equal(entries->items[0].count, 2);
	entries_free(entries);
}

static void races_of_a_type_with_nothing_in_common_stay_apart(void **state)
{
	(void)state;
	struct shared shared = { 0 };
	share(&shared, OBJECT(40, "m.Array"), "resize", "get", 4);
	share(&shared, OBJECT(32, "m.Array"), "rename", "name", 9);
	share(&shared, OBJECT(40, "m.Other"), "resize", "get", 4);
	struct entries *entries = entries_of(&shared);
	assert_int_equal(entries->count, 3);
	entries_free(entries);
	/* The core of the interpreter works on objects of all types. */
	for (size_t i = 0; i < 2; i++) {
		shared.races[i].frames[1].module = (char *)"python3.14t";
		shared.races[i].frames[1].function = (char *)"PyObject_GetAttr";
	}
	entries = entries_of(&shared);
	assert_int_equal(entries->count, 3);
	entries_free(entries);
}

static void a_dict_is_told_with_the_line_that_made_it(void **state)
{
	(void)state;
	struct shared shared = { 0 };
	share(&shared, OBJECT(40, "dict"), "insert", "next", 4);
	share(&shared, OBJECT(32, "dict"), "insert", "size", 4);
	share(&shared, OBJECT(40, "dict"), "insert", "next", 9); /* made elsewhere */
	share(&shared, OBJECT(32, "dict"), "pop", "clear", 4);   /* nothing else in common */
	share(&shared, OBJECT(40, "dict"), "insert", "next", 0); /* who knows */
	struct entries *entries = entries_of(&shared);
	assert_int_equal(entries->count, 4);
	assert_int_equal(entries->items[0].count, 2);
	assert_string_equal(entries->items[0].title,
			    "dict made at t/test_a.py:4: offset 40, offset 32: 3 functions race");
	entries_free(entries);
}

/* The line makes all that an extension has, and one call uses it: its functions say which bug it is. */
static void what_one_line_makes_and_uses_is_one_entry_in_cpythons_code_only(void **state)
{
	(void)state;
	static const char *const modules[] = { "box.so", "libpython3.14t.so.1.0" };
	for (size_t in = 0; in < 2; in++) {
		struct shared shared = { 0 };
		struct frame frames[2][2][2];
		share(&shared, OBJECT(16, "m.Box"), "put", "get", 4);
		share(&shared, OBJECT(40, "list"), "drop", "take", 4);
		for (size_t i = 0; i < 4; i++) {
			struct frame *side = frames[i / 2][i % 2];
			side[0] = shared.races[i / 2].frames[i % 2];
			side[0].module = (char *)modules[in];
			side[1] = shared.made[0];
			side[1].line = 12;
			shared.races[i / 2].sides[i % 2].stack = (struct stack){ side, 2 };
		}
		struct entries *entries = entries_of(&shared);
		assert_int_equal(entries->count, in ? 1 : 2);
		entries_free(entries);
	}
}

/* An iterator, used in line 12: by C, and as a variable of Python code. */
static void a_variable_of_python_code_is_told_with_the_race_on_the_same_object(void **state)
{
	(void)state;
	struct shared shared = { 0 };
	share(&shared, OBJECT(40, "bytes_iterator"), "iternext", "take", 4);
	share(&shared, (struct subject){ 0 }, "take", "take", 4);
	share(&shared, (struct subject){ 0 }, "take", "take", 9);  /* made elsewhere */
	share(&shared, (struct subject){ 0 }, "other", "more", 4); /* used elsewhere */
	share(&shared, (struct subject){ 0 }, "other", "more", 4); /* and it is another one's */
	for (size_t i = 0; i < 5; i++) {
		struct race *race = &shared.races[i];
		for (size_t k = i ? 0 : 1; k < 2; k++) {
			race->frames[k].language = FRAME_PYTHON;
			race->frames[k].module = NULL;
			race->frames[k].line = i < 3 ? 12 : 30;
		}
		race->finding.kind = i ? FINDING_PYTHON_RACE : FINDING_DATA_RACE;
	}
	struct entries *entries = entries_of(&shared);
	assert_int_equal(entries->count, 4);
	assert_int_equal(entries->items[0].count, 2);
	entries_free(entries);
	/* What is documented of one of them, and not of the other one, stays apart. */
	shared.races[1].finding.status = STATUS_DOCUMENTED;
	entries = entries_of(&shared);
	assert_int_equal(entries->count, 5);
	entries_free(entries);
}

/* Their methods take no lock; which of their variables shows that does not matter. */
static void methods_of_a_class_that_hold_no_lock_are_one_entry(void **state)
{
	(void)state;
	struct shared shared = { 0 };
	static const char *const functions[][2] = {
		{ "Box.add", "Box.add" },
		{ "Box.take", "Box.walk.<locals>.<genexpr>" },
		{ "Box.add", "Box.Part.add" },        /* two classes */
		{ "Case.test_add", "Case.test_add" }, /* tests have nothing in common */
		{ "Box.add", "Box.add" },             /* a lock is forgotten on one side */
		{ "Case.test_add", "Case.test_take" },
	};
	for (size_t i = 0; i < 6; i++) {
		share(&shared, OBJECT(40, "dict"), functions[i][0], functions[i][1], (int)i + 1);
		struct race *race = &shared.races[i];
		race->finding.kind = FINDING_PYTHON_RACE;
		race->finding.title = i ? "an item of a dict: what Box.take checks"
					: "Box.size: an update in Box.add is lost";
		for (size_t k = 0; k < 2; k++) {
			race->frames[k].language = FRAME_PYTHON;
			race->frames[k].module = NULL;
			race->frames[k].file = (char *)"m/box.py";
		}
	}
	struct held_lock lock = { .name = (char *)"threading.Lock" };
	shared.races[4].sides[1].locks = &lock;
	shared.races[4].sides[1].lock_count = 1;
	struct entries *entries = entries_of(&shared);
	assert_int_equal(entries->count, 5);
	assert_int_equal(entries->items[0].count, 2);
	assert_string_equal(entries->items[0].title,
			    "Box: size, an item of a dict: 3 functions race");
	assert_string_equal(entries->items[1].title, "an item of a dict: what Box.take checks");
	entries_free(entries);
	/* One of the same name in another file is another class. */
	shared.races[1].frames[0].file = shared.races[1].frames[1].file = (char *)"m/other.py";
	entries = entries_of(&shared);
	assert_int_equal(entries->count, 6);
	entries_free(entries);
}

/* One method is missing a lock that the others take; objects of subclasses race by it, too. */
static void an_attribute_of_subclasses_that_inherited_methods_race_on_is_one_entry(void **state)
{
	(void)state;
	struct shared shared = { 0 };
	struct held_lock lock = { .name = (char *)"threading.Lock" };
	static const char *const variables[] = { "Box.size", "SmallBox.size", "SmallBox.top",
						 "SmallBox.size" };
	for (size_t i = 0; i < 4; i++) {
		const char *function = i < 3 ? "Box.add" : "SmallBox.add";
		share(&shared, OBJECT(40, "Box"), function, function, (int)i + 1);
		struct race *race = &shared.races[i];
		race->finding.kind = FINDING_PYTHON_RACE;
		race->finding.variable = (char *)variables[i];
		race->sides[1].locks = &lock;
		race->sides[1].lock_count = 1;
		for (size_t k = 0; k < 2; k++) {
			race->frames[k].language = FRAME_PYTHON;
			race->frames[k].module = NULL;
			race->frames[k].file = (char *)"m/box.py";
		}
	}
	struct entries *entries = entries_of(&shared);
	assert_int_equal(entries->count, 3);
	assert_int_equal(entries->items[0].count, 2);
	entries_free(entries);
}

/* Two functions that let go of what is not theirs are two bugs, whatever the objects. */
static void memory_freed_in_use_is_told_with_the_line_that_made_it(void **state)
{
	(void)state;
	struct shared shared = { 0 };
	share(&shared, OBJECT(40, "m.Array"), "dealloc", "get", 4);
	share(&shared, OBJECT(40, "m.Array"), "dealloc", "get", 9);
	share(&shared, OBJECT(40, "m.Array"), "dealloc", "set", 4);
	for (size_t i = 0; i < 3; i++)
		shared.races[i].finding.rank = RANK_FREED;
	struct entries *entries = entries_of(&shared);
	assert_int_equal(entries->count, 2);
	assert_int_equal(entries->items[0].count, 2);
	assert_ptr_equal(entries->items[1].witness, shared.findings[1]);
	entries_free(entries);
}

#define CORE(name)                                                                                 \
	{ .language = FRAME_C, .function = (char *)(name), .module = (char *)"libpython3.14t.so" }
#define LINE(number)                                                                               \
	{ .language = FRAME_PYTHON,                                                                \
	  .function = (char *)"t",                                                                 \
	  .file = (char *)"/t.py",                                                                 \
	  .line = (number) }

/* A list's end is the end of its items, too. */
static void what_ends_with_an_object_is_told_with_it(void **state)
{
	(void)state;
	struct shared shared = { 0 };
	struct frame ends[][3] = { { CORE("PyObject_Free"), CORE("list_dealloc"), LINE(3) },
				   { CORE("PyMem_Free"), CORE("list_dealloc"), LINE(3) },
				   { CORE("PyMem_Free"), CORE("list_dealloc"), LINE(9) } };
	struct frame uses[][2] = { { CORE("list_length"), LINE(5) },
				   { CORE("list_length"), LINE(5) },
				   { CORE("list_length"), LINE(5) } };
	for (size_t i = 0; i < 3; i++) {
		share(&shared, i ? BLOCK : OBJECT(40, "list"), "", "", 0);
		struct finding *finding = &shared.races[i].finding;
		finding->kind = FINDING_USE_AFTER_FREE;
		finding->rank = RANK_FREED;
		finding->participants[0].stack = (struct stack){ ends[i], 3 };
		finding->participants[1].stack = (struct stack){ uses[i], 2 };
	}
	struct entries *entries = entries_of(&shared);
	assert_int_equal(entries->count, 2);
	assert_int_equal(entries->items[0].count, 2);
	assert_ptr_equal(entries->items[1].witness, shared.findings[2]);
	entries_free(entries);
}

static void what_is_counted_wrongly_is_one_entry_an_object(void **state)
{
	(void)state;
	struct shared shared = { 0 };
	share(&shared, OBJECT(0, "list"), "drop", "", 4);
	share(&shared, OBJECT(0, "list"), "clear", "", 4);
	share(&shared, OBJECT(0, "list"), "drop", "", 5);
	share(&shared, OBJECT(0, "dict"), "drop", "", 4);
	share(&shared, OBJECT(0, "set"), "replace", "", 6);
	share(&shared, OBJECT(40, "m.Box"), "replace", "look", 7);
	for (size_t i = 0; i < shared.count - 1; i++) {
		shared.races[i].finding.kind = FINDING_REFERENCE_COUNT;
		shared.races[i].finding.participant_count = 1;
	}
	shared.races[5].finding.rank = RANK_STRUCTURE;
	shared.races[5].finding.participants[1].write = false;
	struct entries *entries = entries_of(&shared);
	assert_int_equal(entries->count, 4);
	assert_int_equal(entries->items[0].count, 2);
	/* with the race because of which the reference was dropped twice */
	assert_int_equal(entries->items[3].count, 2);
	assert_ptr_equal(entries->items[3].witness, shared.findings[5]);
	entries_free(entries);
	shared.races[5].finding.rank = RANK_INIT; /* by __setstate__(), say */
	entries = entries_of(&shared);
	assert_int_equal(entries->count, 4);
	entries_free(entries);
	shared.races[5].finding.rank = RANK_FIELD; /* it is no pointer, */
	entries = entries_of(&shared);
	assert_int_equal(entries->count, 4); /* but the same function in the same test */
	entries_free(entries);
	shared.races[5].tests[0] = (char *)"tests/test_a.py::test_other";
	entries = entries_of(&shared);
	assert_int_equal(entries->count, 5);
	entries_free(entries);
}

static void what_the_interpreter_drops_is_the_one_race_of_its_test(void **state)
{
	(void)state;
	struct shared shared = { 0 };
	struct frame drops[] = { CORE("list_clear_impl"), LINE(3) };
	share(&shared, OBJECT(40, "m.Box"), "replace", "look", 7);
	share(&shared, OBJECT(0, "bytes"), "", "", 6);
	share(&shared, OBJECT(40, "m.Bag"), "put", "get", 8);
	shared.races[0].finding.rank = RANK_STRUCTURE;
	shared.races[1].finding.kind = FINDING_REFERENCE_COUNT;
	shared.races[1].finding.participant_count = 1;
	shared.races[1].finding.participants[0].stack = (struct stack){ drops, 2 };
	struct entries *entries = entries_of(&shared);
	assert_int_equal(entries->count, 2);
	entries_free(entries);
	shared.races[2].finding.rank = RANK_STRUCTURE; /* two may be to blame */
	entries = entries_of(&shared);
	assert_int_equal(entries->count, 3);
	entries_free(entries);
	shared.races[2].finding.rank = RANK_FIELD;
	drops[0].module = (char *)"m.so"; /* its own function may be */
	entries = entries_of(&shared);
	assert_int_equal(entries->count, 3);
	entries_free(entries);
}

static void what_two_threads_free_is_counted_wrongly(void **state)
{
	(void)state;
	struct shared shared = { 0 };
	struct frame free[][2] = { { CORE("PyObject_Free"), CORE("object_dealloc") },
				   { CORE("PyObject_Free"), CORE("object_dealloc") } };
	share(&shared, OBJECT(0, "bytes"), "replace", "", 6);
	share(&shared, OBJECT(32, "bytes"), "", "", 6);
	shared.races[0].finding.kind = FINDING_REFERENCE_COUNT;
	shared.races[0].finding.participant_count = 1;
	for (size_t k = 0; k < 2; k++)
		shared.races[1].finding.participants[k].stack = (struct stack){ free[k], 2 };
	struct entries *entries = entries_of(&shared);
	assert_int_equal(entries->count, 1);
	entries_free(entries);
	shared.races[1].finding.participants[0].stack.frames++; /* one of them only uses it */
	shared.races[1].finding.participants[0].stack.count--;
	entries = entries_of(&shared);
	assert_int_equal(entries->count, 2);
	entries_free(entries);
}

static void global_variables_and_blocks_are_one_entry_each(void **state)
{
	(void)state;
	struct subject counter = { .kind = SUBJECT_GLOBAL, .type = (char *)"counter" };
	struct subject block = { .kind = SUBJECT_HEAP };
	struct shared shared = { 0 };
	share(&shared, counter, "up", "get", 0);
	share(&shared, counter, "down", "up", 0);
	counter.type = (char *)"limit";
	share(&shared, counter, "up", "get", 0);
	struct entries *entries = entries_of(&shared);
	assert_int_equal(entries->count, 2);
	assert_string_equal(entries->items[0].type, "the global variable counter");
	entries_free(entries);
	/* Two blocks that one line makes are two. */
	shared.count = 0;
	struct frame made[3][2];
	for (size_t i = 0; i < 3; i++) {
		share(&shared, block, "up", i ? "get" : "down", 4);
		made[i][0] = (struct frame){ .language = FRAME_C,
					     .function = (char *)"new_box",
					     .file = source,
					     .line = i == 2 ? 6 : 5,
					     .module = (char *)"box.so" };
		made[i][1] = shared.made[i];
		shared.races[i].finding.subject.allocated = (struct stack){ made[i], 2 };
	}
	entries = entries_of(&shared);
	assert_int_equal(entries->count, 2);
	assert_int_equal(entries->items[0].count, 2);
	entries_free(entries);
}

static void an_entry_is_new_if_anything_in_it_is(void **state)
{
	(void)state;
	struct shared shared = { 0 };
	share(&shared, OBJECT(40, "m.Array"), "resize", "get", 4);
	share(&shared, (struct subject){ 0 }, "page_init", "resize", 0);
	shared.races[1].finding.follows = (char *)"race-0";
	struct entries *entries = entries_of(&shared);
	assert_int_equal(entries->count, 1);
	/* One race, and what follows from it: it is told with that one's title. */
	assert_null(entries->items[0].type);
	assert_string_equal(entries->items[0].title, "one writes while another reads");
	entries_free(entries);
	shared.races[0].finding.status = STATUS_KNOWN;
	entries = entries_of(&shared);
	assert_int_equal(entries->count, 1);
	assert_int_equal(entries->items[0].witness->status, STATUS_NEW);
	entries_free(entries);
	/* What a rule hides is no part of what it does not. */
	shared.races[0].finding.status = STATUS_SUPPRESSED;
	entries = entries_of(&shared);
	assert_int_equal(entries->count, 2);
	entries_free(entries);
}

/* An ordinary run has iterations of pairs, too. */
static void a_type_has_one_entry_for_its_pairs_and_for_tests(void **state)
{
	(void)state;
	struct shared shared = { 0 };
	share(&shared, OBJECT(40, "m.Array"), "resize", "get", 4);
	share(&shared, OBJECT(40, "m.Array"), "resize", "append", 0);
	share(&shared, OBJECT(48, "m.Array"), "rename", "name", 0);
	shared.races[1].tests[0] = shared.races[2].tests[0] = (char *)"m.Array::append|len";
	struct entries *entries = entries_of(&shared);
	assert_int_equal(entries->count, 1);
	assert_int_equal(entries->items[0].count, 3);
	assert_string_equal(entries->items[0].title,
			    "m.Array: offset 40, offset 48: 2 operations race");
	entries_free(entries);
	/* Two types of pairs stay two, whatever they have in common. */
	shared.races[2].tests[0] = (char *)"m.Bag::append|len";
	shared.races[2].finding.subject = OBJECT(40, "m.Array");
	entries = entries_of(&shared);
	assert_int_equal(entries->count, 2);
	entries_free(entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_member_that_the_lines_share_is_the_fields_name),
		cmocka_unit_test(what_debug_information_says_goes_before_lines),
		cmocka_unit_test(races_of_a_type_are_one_entry_with_what_its_operations_lack),
		cmocka_unit_test(functions_that_go_over_a_shared_object_are_named),
		cmocka_unit_test(kinds_of_a_type_are_one_entry),
		cmocka_unit_test(what_is_new_is_told_apart_from_what_is_not),
		cmocka_unit_test(the_witness_is_the_race_that_was_seen_to_do_the_worst),
		cmocka_unit_test(any_other_finding_is_an_entry_of_its_own),
		cmocka_unit_test(
			what_a_class_in_python_inherits_is_told_with_the_class_that_has_it),
		cmocka_unit_test(what_a_type_inherits_is_told_with_the_type_that_has_it),
		cmocka_unit_test(what_documentation_excludes_is_one_entry_a_rule),
		cmocka_unit_test(a_crash_of_operations_that_race_is_of_their_entry),
		cmocka_unit_test(a_crash_of_a_test_is_told_with_its_only_races),
		cmocka_unit_test(what_is_told_apart_and_only_follows_is_no_entry_of_its_own),
		cmocka_unit_test(capsules_of_another_name_are_another_entry),
		cmocka_unit_test(what_one_function_borrows_is_one_entry_whoever_lets_go),
		cmocka_unit_test(an_entry_stands_where_its_first_finding_does),
		cmocka_unit_test(what_a_type_inherits_is_told_apart),
		cmocka_unit_test(a_global_variable_is_told_apart_from_the_types_that_use_it),
		cmocka_unit_test(
			races_of_python_code_in_pairs_are_one_entry_with_the_names_of_the_variables),
		cmocka_unit_test(items_of_an_array_are_one_field),
		cmocka_unit_test(races_on_one_object_are_one_entry),
		cmocka_unit_test(what_is_inside_of_a_shared_object_is_the_outer_ones_bug),
		cmocka_unit_test(a_crash_is_of_the_races_of_its_own_test),
		cmocka_unit_test(what_is_all_that_races_in_a_test_is_a_bug_by_itself),
		cmocka_unit_test(what_operations_of_a_type_do_to_each_other_is_one_entry),
		cmocka_unit_test(races_of_a_type_with_nothing_in_common_stay_apart),
		cmocka_unit_test(a_dict_is_told_with_the_line_that_made_it),
		cmocka_unit_test(what_one_line_makes_and_uses_is_one_entry_in_cpythons_code_only),
		cmocka_unit_test(
			a_variable_of_python_code_is_told_with_the_race_on_the_same_object),
		cmocka_unit_test(methods_of_a_class_that_hold_no_lock_are_one_entry),
		cmocka_unit_test(
			an_attribute_of_subclasses_that_inherited_methods_race_on_is_one_entry),
		cmocka_unit_test(memory_freed_in_use_is_told_with_the_line_that_made_it),
		cmocka_unit_test(what_ends_with_an_object_is_told_with_it),
		cmocka_unit_test(what_is_counted_wrongly_is_one_entry_an_object),
		cmocka_unit_test(what_the_interpreter_drops_is_the_one_race_of_its_test),
		cmocka_unit_test(what_two_threads_free_is_counted_wrongly),
		cmocka_unit_test(global_variables_and_blocks_are_one_entry_each),
		cmocka_unit_test(an_entry_is_new_if_anything_in_it_is),
		cmocka_unit_test(a_type_has_one_entry_for_its_pairs_and_for_tests),
		cmocka_unit_test(
			objects_of_the_interpreters_are_told_apart_from_the_type_that_holds_them),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, write_source, remove_source);
}
