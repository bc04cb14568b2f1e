/* draw.c - one picture that can't be drawn is one picture less. */
#include "runner/base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "reports/draw.h"
#include "reports/report.h"

/* Stands for Graphviz: ends as timeout(1) does for "slow", with an error for "bad". */
static const char fake_dot[] = "#!/bin/sh\n"
			       "echo x >>\"$FAKE_DOT_LOG\"\n"
			       "grep -q slow \"$2\" && exit 124\n"
			       "grep -q bad \"$2\" && exit 1\n"
			       "echo '<svg></svg>'\n";
static char folder[] = "/tmp/ftstress-draw-XXXXXX";
static char *program, *calls;

static int make_dot(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	program = xprintf("%s/dot", folder);
	calls = xprintf("%s/log", folder);
	FILE *file = fopen(program, "w");
	fputs(fake_dot, file);
	fclose(file);
	char *path = xprintf("%s:%s", folder, getenv("PATH"));
	setenv("PATH", path, 1);
	setenv("FAKE_DOT_LOG", calls, 1);
	free(path);
	return chmod(program, 0755);
}

static int remove_dot(void **state)
{
	(void)state;
	unlink(program);
	unlink(calls);
	free(program);
	free(calls);
	return rmdir(folder);
}

/* 'p' = a picture, '-' = none, for each graph; a graph is one word. */
static void expect(const char *const *graphs, size_t count, const char *drawn_ones, size_t called)
{
	struct finding findings[8] = { 0 };
	const struct finding *list[8];
	unlink(calls);
	for (size_t i = 0; i < count; i++) {
		findings[i].graph = (char *)graphs[i];
		list[i] = &findings[i];
	}
	struct report_input input = { .findings = list, .count = count };
	struct drawn *drawn = drawn_new(&input);
	for (size_t i = 0; i < count; i++) {
		bool picture = strstr(drawn_input(drawn)->findings[i]->graph, "<svg") != NULL;
		assert_int_equal(picture ? 'p' : '-', drawn_ones[i]);
	}
	drawn_free(drawn);
	size_t length = 0;
	free(read_file(calls, &length));
	assert_int_equal(length / 2, called);
}

static void others_are_drawn_when_one_takes_too_long_or_fails(void **state)
{
	(void)state;
	static const char *const graphs[] = { "slow", "a", "bad", "b" };
	expect(graphs, 4, "-p-p", 4);
}

static void after_three_that_take_too_long_none_is_tried(void **state)
{
	(void)state;
	static const char *const graphs[] = { "a", "slow", "slow", "slow", "b", "c" };
	expect(graphs, 6, "p-----", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_are_drawn_when_one_takes_too_long_or_fails),
		cmocka_unit_test(after_three_that_take_too_long_none_is_tried),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_dot, remove_dot);
}
