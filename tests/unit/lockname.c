/* lockname.c - what locks are called, for people and in fingerprints. */
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

#include "ftstress/locks.h"
#include "runner/locks/lockname.h"
#include "runner/locks/lockorder.h"

static char path[64];
static int line;

static void birth(void *context, uint32_t number, struct stack *out)
{
	(void)context, (void)number;
	*out = (struct stack){ xcalloc(2, sizeof *out->frames), 2 };
	out->frames[0] = (struct frame){ .language = FRAME_PYTHON,
					 .function = xstrdup("Event.__init__"),
					 .file = xstrdup("/l/threading.py"),
					 .line = 3 };
	out->frames[1] = (struct frame){ .language = FRAME_PYTHON,
					 .function = xstrdup("make"),
					 .file = xstrdup(path),
					 .line = line };
}

static char *variable(void *context, position where, uint64_t *offset)
{
	(void)context;
	*offset = 8;
	return where == 5 ? xstrdup("mutexes") : NULL;
}

static const struct lockorder_host host = { .frames = birth, .variable = variable };

static void write_source(const char *text)
{
	snprintf(path, sizeof path, "/tmp/ftstress-lockname-%d.py", (int)getpid());
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* The name of a threading.Lock that line `number` of the source makes. */
static struct lockname made_at(const char *source, int number)
{
	struct lockgraph_lock lock = { .kind = FTS_LOCK_LOCK, .birth = 1 };
	struct source_cache *sources = source_open();
	write_source(source);
	line = number;
	struct lockname name = lockname_of(&host, sources, &lock, NULL);
	source_close(sources);
	unlink(path);
	return name;
}

static bool says(const struct lockname *name, const char *part)
{
	return strstr(name->name, part) != NULL;
}

static void a_lock_has_the_name_that_it_is_assigned_to(void **state)
{
	(void)state;
	static const char *const named[][2] = {
		{ "a = Lock()", "Lock a of " },
		{ "\tself._lock: Lock = threading.Lock()", "Lock self._lock of " },
		{ "all = [Lock() for _ in range(3)]", "Lock all of " },
		{ "result = method()", "Lock of " },
		{ "use(Lock())", "Lock of " },
		{ "if a == Lock():", "Lock of " },
	};
	for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
		struct lockname name = made_at(named[i][0], 1);
		assert_true(says(&name, named[i][1]));
		assert_true(says(&name, ".py:1"));
		lockname_clear(&name);
	}
}

static void a_class_does_not_change_with_the_line(void **state)
{
	(void)state;
	struct lockname one = made_at("a = Lock()\n", 1), other = made_at("\n\n  a = Lock()\n", 3);
	struct lockname another = made_at("b = Lock()\n", 1);
	assert_string_equal(one.class, other.class);
	assert_string_not_equal(one.class, another.class);
	assert_false(one.vague);
	lockname_clear(&one);
	lockname_clear(&other);
	lockname_clear(&another);
	one = made_at("a = Lock()\n", 7); /* a line that is not there */
	assert_true(one.vague);
	lockname_clear(&one);
}

static void other_locks_are_known_by_variable_or_object(void **state)
{
	(void)state;
	static const struct {
		uint32_t kind;
		struct lock_label label;
		const char *name;
		bool vague;
	} cases[] = {
		{ FTS_LOCK_PYMUTEX, { 5, NULL }, "PyMutex mutexes+8", false },
		{ FTS_LOCK_OBJECT, { 0, (char *)"dict" }, "critical section of a dict", true },
		{ FTS_LOCK_PYMUTEX, { 0, (char *)"Words" }, "PyMutex in a Words", false },
		{ FTS_LOCK_MODULE, { 0, (char *)"json" }, "import lock of module json", false },
		{ FTS_LOCK_PTHREAD, { 6, NULL }, "pthread mutex", true },
		{ FTS_LOCK_ATTACHED, { 6, NULL }, "the attached state", false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct lockgraph_lock lock = { .kind = cases[i].kind, .birth = LOCKGRAPH_NONE };
		struct lockname name = lockname_of(&host, NULL, &lock, &cases[i].label);
		assert_string_equal(name.name, cases[i].name);
		assert_int_equal(name.vague, cases[i].vague);
		lockname_clear(&name);
	}
}

static void a_cycle_is_graphviz_source(void **state)
{
	(void)state;
	/* A place is what is told as one, not what reads like one. */
	const struct lockname a = { .name = (char *)"Lock a of x.py:6", .place = 7 };
	const struct lockname b = { .name = (char *)"PyMutex of \"b\"" };
	struct lockname_arc arcs[] = { { &a, "x.py:10", "x.py:11" }, { &b, "x.c:20", "x.py:21" } };
	char *graph = lockname_graph(arcs, 2);
	assert_non_null(strstr(graph, "A [label=\"A: Lock a\\nof x.py:6\"];"));
	assert_non_null(strstr(graph, "B [label=\"B: PyMutex of \\\"b\\\"\"];"));
	assert_non_null(
		strstr(graph, "A -> B [label=\"T1: has A since x.py:10\\nwants B at x.py:11\"];"));
	assert_non_null(strstr(graph, "B -> A [label=\"T2: "));
	free(graph);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lock_has_the_name_that_it_is_assigned_to),
		cmocka_unit_test(a_class_does_not_change_with_the_line),
		cmocka_unit_test(other_locks_are_known_by_variable_or_object),
		cmocka_unit_test(a_cycle_is_graphviz_source),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
