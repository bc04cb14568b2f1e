/* types.c - races of pairs are told by type, with the fields' names from the lines that touch them. */
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

#include "reports/fields.h"
#include "reports/types.h"

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

static char source[] = "/tmp/ftstress-types-XXXXXX";

/* A race whose two sides are at these lines of the source. What is said of it is not read. */
struct race {
	struct finding finding;
	struct participant sides[2];
	struct frame frames[2];
	char *tests[1];
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

static void the_member_that_the_lines_share_is_the_fields_name(void **state)
{
	(void)state;
	struct race races[5];
	race(&races[0], "m.Box::a|b", OBJECT(40, "m.Box"), 1, 2);
	race(&races[1], "m.Box::a|b", OBJECT(40, "m.Box"), 3, 2);
	race(&races[2], "m.Box::a|c", OBJECT(16, "m.Box"), 4, 5);
	race(&races[3], "m.Box::a|d", OBJECT(24, "list"), 6, 6);
	race(&races[4], "m.Box::a|d", BLOCK, 6, 6);
	struct fields *fields = fields_new();
	for (size_t i = 0; i < 5; i++)
		fields_add(fields, &races[i].finding);
	struct buf out = { 0 };
	fields_tell(fields, "m.Box", 5, &out);
	assert_string_equal(out.data, "items (offset 40), ob_size (offset 16), offset 24 of list, "
				      "and memory of its own");
	buf_free(&out);
	fields_free(fields);
}

static bool all(const struct report_input *input, const struct finding *finding)
{
	(void)input, (void)finding;
	return true;
}

static void an_entry_has_the_races_of_its_type_and_the_gravest_as_witness(void **state)
{
	(void)state;
	struct race races[3];
	race(&races[0], "m.Box::a|b", OBJECT(40, "m.Box"), 1, 2);
	race(&races[1], "m.Box::a|c", OBJECT(16, "m.Box"), 4, 5);
	race(&races[2], "m.Bag::a|c", OBJECT(16, "m.Bag"), 4, 5);
	races[0].finding.shows = EVIDENCE_RAISES;
	races[1].finding.shows = EVIDENCE_CRASHES;
	const struct finding *findings[] = { &races[0].finding, &races[1].finding,
					     &races[2].finding };
	char *operations[] = { (char *)"a", (char *)"b", (char *)"c", (char *)"d" };
	struct run_type type = { .name = (char *)"m.Box",
				 .operations = operations,
				 .operation_count = 4,
				 .states = (char *)".rr.r...r......." };
	struct run_info run = { .types = &type, .type_count = 1 };
	struct report_input input = { &run, findings, 3 };
	struct type_entry entry;
	assert_true(type_entry_of(&input, findings[0], all, &entry));
	assert_ptr_equal(entry.witness, findings[1]);
	assert_int_equal(entry.members, 2);
	struct buf title = { 0 };
	type_entry_title(&title, &entry);
	assert_string_equal(title.data, "m.Box: 3 of its 4 operations race with another: a, b, c "
					"(2 races on 2 fields)");
	buf_free(&title);
}

static void a_finding_of_an_ordinary_test_is_no_member(void **state)
{
	(void)state;
	struct race other;
	struct type_entry entry;
	race(&other, "tests/test_a.py::test_b", (struct subject){ 0 }, 1, 2);
	const struct finding *findings[] = { &other.finding };
	struct run_info run = { 0 };
	struct report_input input = { &run, findings, 1 };
	assert_false(type_entry_of(&input, findings[0], all, &entry));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_member_that_the_lines_share_is_the_fields_name),
		cmocka_unit_test(an_entry_has_the_races_of_its_type_and_the_gravest_as_witness),
		cmocka_unit_test(a_finding_of_an_ordinary_test_is_no_member),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, write_source, remove_source);
}
