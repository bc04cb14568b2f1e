/* pool.c - zygotes that misbehave in every way the protocol allows, and a loop that never blocks. */
#include "tests/unit/fixtures/zygote.h"

#include "runner/run/pool.h"
#include "runner/setup/options.h"

#define TESTS 3

static volatile sig_atomic_t stop;
static const struct plan_test tests[TESTS] = { { .id = "a.py::one", .file = "a.py" },
					       { .id = "a.py::two", .file = "a.py" },
					       { .id = "b.py::three", .file = "b.py" } };

/* ---- the zygotes ---- */

static void say_no_hello(void)
{
	fputs("the interpreter has no module of that name\n", stderr);
	_exit(3);
}

static void die_before_hello(void)
{
	raise(SIGKILL);
}

static void say_another_version(void)
{
	say("{\"op\":\"hello\",\"version\":2,\"pid\":1,\"python\":\"3.14.0\",\"gil\":false}");
	hear();
}

static void say_nothing(void)
{
	for (;;)
		pause();
}

/* It hears what it is asked for, and does nothing. */
static void start_nothing(void)
{
	hello();
	for (;;)
		hear();
}

static void say_hello_twice(void)
{
	hello();
	hello();
	hear();
}

/* What `say_it` says after "run", in place of "started". */
static void after_run(void (*say_it)(const struct asked *asked))
{
	hello();
	for (;;) {
		struct asked asked = hear();
		say_it(&asked);
	}
}

static void started_as_0(const struct asked *asked)
{
	say_started(asked, 0);
}

static void started_as_minus_1(const struct asked *asked)
{
	say_started(asked, -1);
}

static void started_as_the_runner(const struct asked *asked)
{
	say_started(asked, getppid());
}

static void started_as_another(const struct asked *asked)
{
	say_started(asked, strtoll(getenv("BYSTANDER"), NULL, 10));
}

static void started_in_a_text(const struct asked *asked)
{
	(void)asked;
	say("{\"op\":\"started\",\"iteration\":0,\"pid\":\"4711\"}");
}

static void ended_without_start(const struct asked *asked)
{
	say_ended(asked, getpid(), "0");
}

static void no_json(const struct asked *asked)
{
	(void)asked;
	say("{\"op\":\"started\",,}");
}

static void no_object(const struct asked *asked)
{
	(void)asked;
	say("[1, 2]");
}

static void unknown_message(const struct asked *asked)
{
	(void)asked;
	say("{\"op\":\"dance\"}");
}

static void message_without_op(const struct asked *asked)
{
	(void)asked;
	say("{}");
}

static void half_a_line(const struct asked *asked)
{
	(void)asked;
	say_bytes("{\"op\":\"sta", 10);
	_exit(7);
}

static void huge_line(const struct asked *asked)
{
	(void)asked;
	char block[65536];
	memset(block, 'x', sizeof block);
	for (;;)
		say_bytes(block, sizeof block);
}

static void gil_of_numbers(const struct asked *asked)
{
	(void)asked;
	say("{\"op\":\"gil\",\"tests\":[1,null]}");
}

static void error_without_text(const struct asked *asked)
{
	(void)asked;
	say("{\"op\":\"error\",\"what\":\"import\"}");
}

static void another_iteration(const struct asked *asked)
{
	struct asked other = *asked;
	other.iteration += 1000;
	say_started(&other, getpid());
}

static void end_with(const struct asked *asked, const char *status)
{
	pid_t pid = fork_iteration(asked, pass_all);
	wait_for(pid);
	say_ended(asked, pid, status);
}

static void end_without_status(const struct asked *asked)
{
	end_with(asked, "null");
}

static void end_with_a_huge_status(const struct asked *asked)
{
	end_with(asked, "4711000");
}

static void end_of_another_process(const struct asked *asked)
{
	pid_t pid = fork_iteration(asked, pass_all);
	wait_for(pid);
	say_ended(asked, getpid(), "0");
}

static void work(const struct asked *asked)
{
	run_iteration(asked, pass_all);
}

static void import_error(const struct asked *asked)
{
	say("{\"op\":\"error\",\"what\":\"import\",\"test\":\"a.py::one\",\"message\":\"a.py can't be "
	    "imported\",\"traceback\":\"\"}");
	work(asked);
}

static void suite_error(const struct asked *asked)
{
	(void)asked;
	say("{\"op\":\"error\",\"what\":\"suite\",\"message\":\"no such package\",\"traceback\":\"\"}");
}

/* Errors without end, while an iteration runs. */
static void errors_without_end(const struct asked *asked)
{
	fork_iteration(asked, begin_and_wait);
	mark("flooding");
	for (;;)
		import_error(asked);
}

static void print_much(const struct asked *asked, struct stream *s)
{
	char block[65536];
	memset(block, 'p', sizeof block);
	for (int i = 0; i < 256; i++)
		if (write(1, block, sizeof block) < 0)
			_exit(1);
	pass_all(asked, s);
}

static void output_flood(const struct asked *asked)
{
	run_iteration(asked, print_much);
}

static void die_between_tests(const struct asked *asked)
{
	fork_iteration(asked, pass_all);
	raise(SIGKILL);
}

static void exit_7(const struct asked *asked, struct stream *s)
{
	begin_test(asked, s);
	_exit(7);
}

static void end_in_a_test(const struct asked *asked)
{
	run_iteration(asked, exit_7);
}

static void fail_in_overlap(const struct asked *asked)
{
	run_iteration(asked, asked->overlap ? fail_first : pass_all);
}

static void fail_always(const struct asked *asked)
{
	run_iteration(asked, fail_first);
}

static void wait_in_a_test(const struct asked *asked)
{
	run_iteration(asked, begin_and_wait);
}

static void begin_mark_and_wait(const struct asked *asked, struct stream *s)
{
	char *name = xprintf("begun-%d", (int)getpid());
	begin_test(asked, s);
	mark(name);
	for (;;)
		pause();
}

/* The zygote goes, and its iteration stays. */
static void die_under_a_test(const struct asked *asked)
{
	pid_t pid = fork_iteration(asked, begin_mark_and_wait);
	char *begun = xprintf("begun-%d", (int)pid);
	await(begun);
	char *number = xprintf("%d\n", (int)pid), *path = mark_path("left");
	FILE *file = fopen(path, "a");
	if (!file)
		_exit(98);
	fputs(number, file);
	fclose(file);
	raise(SIGKILL);
}

/* Iteration 0 reports what has to be symbolized; the others crash while that goes on. */
static void report_races(const struct asked *asked, struct stream *s)
{
	enum { RACES = 10000 };
	static const uint64_t bias = 0x7f0000000000ull;
	char self[4096] = "";
	if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
		_exit(1);
	put_module(s, self, bias, bias, bias + 0x10000000);
	put_test(s, FTS_REC_TEST_BEGIN, 0, 0);
	for (uint64_t i = 0; i < RACES; i++) {
		uint64_t first[] = { bias + 0x1000 + i * 16, 0 };
		uint64_t second[] = { bias + 0x1008 + i * 16, 0 };
		put_race(s, (struct side){ 1, FTS_ACCESS_WRITE, first },
			 (struct side){ 2, 0, second }, 0x1000 + i);
	}
	put_test(s, FTS_REC_TEST_END, 0, FTS_OUTCOME_PASSED);
	ring_put(asked->arena, 2, s);
	pass_all(asked, s);
}

static void crash_beside(const struct asked *asked)
{
	if (asked->iteration == 0) {
		await("begun"); /* nothing is started while reports are symbolized */
		run_iteration(asked, report_races);
		return;
	}
	mark("begun");
	await("asked");
	run_iteration(asked, marked("answer") ? pass_all : crash_and_wait);
	mark("answer");
}

/* The others stand still, and are ended, while that goes on. */
static void stand_beside(const struct asked *asked)
{
	if (asked->iteration == 0) {
		await("begun");
		run_iteration(asked, report_races);
		return;
	}
	mark("begun");
	run_iteration(asked, marked("answer") ? pass_all : begin_and_wait);
	mark("answer");
}

static const struct behaviour {
	const char *name;
	void (*act)(void);                         /* all of it, or: */
	void (*say_it)(const struct asked *asked); /* after_run */
} behaviours[] = {
	{ "no hello", say_no_hello, NULL },
	{ "dies before hello", die_before_hello, NULL },
	{ "another version", say_another_version, NULL },
	{ "silent", say_nothing, NULL },
	{ "starts nothing", start_nothing, NULL },
	{ "hello twice", say_hello_twice, NULL },
	{ "pid 0", NULL, started_as_0 },
	{ "pid -1", NULL, started_as_minus_1 },
	{ "pid of the runner", NULL, started_as_the_runner },
	{ "pid of another", NULL, started_as_another },
	{ "pid in a text", NULL, started_in_a_text },
	{ "ended without start", NULL, ended_without_start },
	{ "no JSON", NULL, no_json },
	{ "no object", NULL, no_object },
	{ "unknown", NULL, unknown_message },
	{ "no op", NULL, message_without_op },
	{ "half a line", NULL, half_a_line },
	{ "huge line", NULL, huge_line },
	{ "gil of numbers", NULL, gil_of_numbers },
	{ "error without text", NULL, error_without_text },
	{ "another iteration", NULL, another_iteration },
	{ "no status", NULL, end_without_status },
	{ "huge status", NULL, end_with_a_huge_status },
	{ "end of another", NULL, end_of_another_process },
	{ "good", NULL, work },
	{ "import error", NULL, import_error },
	{ "suite error", NULL, suite_error },
	{ "errors without end", NULL, errors_without_end },
	{ "output flood", NULL, output_flood },
	{ "dies between tests", NULL, die_between_tests },
	{ "ends in a test", NULL, end_in_a_test },
	{ "fails in overlap", NULL, fail_in_overlap },
	{ "fails always", NULL, fail_always },
	{ "waits in a test", NULL, wait_in_a_test },
	{ "dies under a test", NULL, die_under_a_test },
	{ "crash beside", NULL, crash_beside },
	{ "stands beside", NULL, stand_beside },
};

static _Noreturn void zygote_main(const char *name)
{
	for (size_t i = 0; i < sizeof behaviours / sizeof *behaviours; i++) {
		if (strcmp(name, behaviours[i].name) != 0)
			continue;
		if (behaviours[i].act)
			behaviours[i].act();
		else
			after_run(behaviours[i].say_it);
	}
	_exit(99);
}

/* ---- the runs ---- */

struct bench {
	char *made, *self;
	struct settings settings;
	struct pool_options options;
	struct pool_result result;
	struct collator *collator;
	struct store *store;
	int code;
	char *told; /* on standard error */
};

static int run_told(struct bench *b)
{
	char *path = mark_path("told");
	int kept = dup(STDERR_FILENO), file = open(path, O_CREAT | O_RDWR | O_TRUNC, 0600);
	dup2(file, STDERR_FILENO);
	b->code = pool_run(&b->options, &b->result);
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(file);
	b->told = read_file(path, NULL);
	free(path);
	return b->code;
}

/* Before a run: what is usual. */
static struct bench bench_start(void)
{
	struct bench b = { .made = xstrdup("/tmp/ftstress-pool-XXXXXX") };
	char self[4096] = "";
	assert_non_null(mkdtemp(b.made));
	folder = b.made;
	setenv(FOLDER_VARIABLE, folder, 1);
	assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
	b.self = xstrdup(self);
	settings_init(&b.settings);
	b.settings.quiet = true;
	b.settings.iterations = 1;
	b.settings.seed = 1;
	b.settings.gil = GIL_OFF;
	b.settings.schedule = SCHEDULE_OVERLAP;
	b.settings.budget = 10;
	b.settings.timeout = 60;
	b.options = (struct pool_options){ .tests = tests,
					   .test_count = TESTS,
					   .jobs = 1,
					   .memory = 1ull << 32,
					   .hello_patience = 10,
					   .stop = &stop };
	stop = 0;
	return b;
}

static void bench_run(struct bench *b, const char *behaviour)
{
	char *environment[64] = { 0 };
	size_t count = 0;
	static const char *const passed[] = { FOLDER_VARIABLE, "BYSTANDER", "ASAN_OPTIONS" };
	for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
		if (getenv(passed[i]))
			environment[count++] = xprintf("%s=%s", passed[i], getenv(passed[i]));
	char *const arguments[] = { b->self, "zygote", (char *)behaviour, b->made, NULL };
	struct launch launch = { .python = b->self,
				 .arguments = arguments,
				 .environment = { environment, environment, environment },
				 .folder = "/" };
	char *path = mark_path("s.db");
	struct store_run run = { .seed = 1 };
	assert_int_equal(store_open(path, &b->store), 0);
	assert_int_equal(store_run_begin(b->store, &run, &b->options.run), 0);
	b->collator = collator_open(&(struct collate_options){
		.suite = "s", .store = b->store, .run = b->options.run, .symbolizer = b->self });
	b->options.settings = &b->settings;
	b->options.launch = &launch;
	b->options.plan = plan_new(tests, TESTS, TESTS);
	b->options.collator = b->collator;
	b->options.store = b->store;
	b->options.progress = progress_open(true);
	run_told(b);
	progress_close(b->options.progress);
	plan_free(b->options.plan);
	for (size_t i = 0; i < count; i++)
		free(environment[i]);
	free(path);
}

static bool noted(const struct bench *b, const char *part)
{
	size_t count;
	const char *const *notes = collator_notes(b->collator, &count);
	for (size_t i = 0; i < count; i++)
		if (strstr(notes[i], part))
			return true;
	return false;
}

static size_t finding_count(struct bench *b)
{
	size_t count;
	collator_findings(b->collator, &count);
	return count;
}

static const struct finding *find_kind(struct bench *b, enum finding_kind kind)
{
	size_t count;
	const struct finding *const *all = collator_findings(b->collator, &count);
	for (size_t i = 0; i < count; i++)
		if (all[i]->kind == kind)
			return all[i];
	return NULL;
}

static void bench_end(struct bench *b)
{
	char *command = xprintf("rm -r %s", b->made);
	pool_result_clear(&b->result);
	collator_close(b->collator);
	store_close(b->store);
	settings_clear(&b->settings);
	assert_int_equal(system(command), 0); /* NOLINT: our own folder */
	free(command);
	free(b->told);
	free(b->self);
	free(b->made);
	unsetenv(FOLDER_VARIABLE);
}

/* The zygote comes to nothing three times: the run ends and says why. */
static void expect_given_up(const char *behaviour, const char *why)
{
	struct bench b = bench_start();
	bench_run(&b, behaviour);
	if (b.code != EXIT_BAD_INPUT || !strstr(b.told, why) ||
	    !strstr(b.told, "the suite's process does not come up"))
		fail_msg("%s: code %d, said: %s", behaviour, b.code, b.told);
	assert_int_equal(b.result.tests_run, 0);
	assert_int_equal(finding_count(&b), 0);
	bench_end(&b);
}

static void a_good_zygote_runs_all_tests(void **state)
{
	(void)state;
	struct bench b = bench_start();
	bench_run(&b, "good");
	assert_int_equal(b.code, 0);
	assert_string_equal(b.told, "");
	assert_int_equal(b.result.tests_run, TESTS);
	assert_int_equal(b.result.iterations_done, 1);
	assert_int_equal(finding_count(&b), 0);
	bench_end(&b);
}

static void a_zygote_that_does_not_come_up_is_given_up(void **state)
{
	(void)state;
	expect_given_up("no hello", "it ended with status 3");
	expect_given_up("no hello", "the interpreter has no module of that name");
	expect_given_up("dies before hello", "it died of SIGKILL");
	expect_given_up("another version", "it speaks another version of the protocol");
	expect_given_up("hello twice", "it said hello twice");
}

static void a_zygote_that_is_silent_is_given_up(void **state)
{
	(void)state;
	struct bench b = bench_start();
	b.options.hello_patience = 0.1;
	bench_run(&b, "silent");
	assert_int_equal(b.code, EXIT_BAD_INPUT);
	assert_non_null(strstr(b.told, "it did not answer in time"));
	bench_end(&b);
	b = bench_start();
	b.options.start_patience = 0.1;
	bench_run(&b, "starts nothing");
	assert_int_equal(b.code, EXIT_BAD_INPUT);
	assert_non_null(strstr(b.told, "it did not start an iteration in time"));
	bench_end(&b);
}

static void what_can_not_be_is_not_believed(void **state)
{
	(void)state;
	static const char *const not_its_own =
		"it started an iteration in a process that is not its own";
	static const struct {
		const char *behaviour, *why;
	} cases[] = {
		{ "pid 0", not_its_own },
		{ "pid -1", not_its_own },
		{ "pid of the runner", not_its_own },
		{ "pid in a text", not_its_own },
		{ "ended without start",
		  "it reported the end of an iteration that it did not start" },
		{ "no JSON", "it sent a line that is no JSON object" },
		{ "no object", "it sent a line that is no JSON object" },
		{ "unknown", "it sent a message that ftstress does not know" },
		{ "no op", "it sent a message that ftstress does not know" },
		{ "half a line", "it ended with status 7" },
		{ "huge line", "it sent 16 MiB without the end of a line" },
		{ "gil of numbers", "it named tests that are no strings" },
		{ "error without text", "it reported an error without text" },
		{ "another iteration", "it started an iteration that it was not asked for" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		expect_given_up(cases[i].behaviour, cases[i].why);
}

static void nobody_elses_process_is_killed(void **state)
{
	(void)state;
	pid_t bystander = fork();
	if (bystander == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	char *number = xprintf("%d", (int)bystander);
	setenv("BYSTANDER", number, 1);
	expect_given_up("pid of another",
			"it started an iteration in a process that is not its own");
	assert_int_equal(waitpid(bystander, NULL, WNOHANG), 0); /* it is there */
	kill(bystander, SIGKILL);
	waitpid(bystander, NULL, 0);
	unsetenv("BYSTANDER");
	free(number);
}

/* What the tests did counts, though the end of their process is not believed. */
static void a_wrong_end_loses_no_test(void **state)
{
	(void)state;
	static const char *const cases[] = { "no status", "huge status", "end of another" };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bench b = bench_start();
		bench_run(&b, cases[i]);
		assert_int_equal(b.code, 0);
		assert_int_equal(b.result.tests_run, TESTS);
		assert_true(noted(&b, "a worker was started again: it reported the end of"));
		assert_int_equal(finding_count(&b), 0);
		bench_end(&b);
	}
}

static void errors_are_told(void **state)
{
	(void)state;
	struct bench b = bench_start();
	bench_run(&b, "import error");
	assert_int_equal(b.code, 0);
	assert_int_equal(b.result.tests_run, TESTS);
	assert_true(noted(&b, "a.py can't be imported"));
	bench_end(&b);
	b = bench_start();
	bench_run(&b, "suite error");
	assert_int_equal(b.code, EXIT_BAD_INPUT);
	assert_non_null(strstr(b.told, "the suite can't be used: no such package"));
	bench_end(&b);
}

/* A zygote that talks without end does not keep the user's wish to stop from being heard. */
static void on_alarm(int number)
{
	(void)number;
	stop = marked("flooding");
	if (!stop)
		ualarm(50000, 0);
}

static void messages_without_end_do_not_hold_the_loop(void **state)
{
	(void)state;
	struct bench b = bench_start();
	signal(SIGALRM, on_alarm);
	ualarm(50000, 0);
	bench_run(&b, "errors without end");
	signal(SIGALRM, SIG_DFL);
	assert_int_equal(b.code, 0);
	assert_true(b.result.interrupted);
	bench_end(&b);
}

static void output_without_end_is_drained(void **state)
{
	(void)state;
	struct bench b = bench_start();
	bench_run(&b, "output flood");
	assert_int_equal(b.code, 0);
	assert_int_equal(b.result.tests_run, TESTS);
	bench_end(&b);
}

/* The iterations of zygotes that died are gone. */
static void expect_none_left(void)
{
	char *path = mark_path("left"), *text = read_file(path, NULL);
	assert_non_null(text);
	for (char *at = text, *end; *at; at = end + 1) {
		pid_t pid = (pid_t)strtol(at, &end, 10);
		assert_true(pid > 1);
		assert_int_equal(kill(pid, 0), -1);
	}
	free(text);
	free(path);
}

static void what_ran_before_the_zygote_went_counts(void **state)
{
	(void)state;
	struct bench b = bench_start();
	bench_run(&b, "ends in a test");
	const struct finding *crash = find_kind(&b, FINDING_CRASH);
	assert_int_equal(b.code, 0);
	assert_int_equal(b.result.tests_run, TESTS); /* each took its process down */
	assert_non_null(crash);
	bench_end(&b);
	b = bench_start();
	bench_run(&b, "dies under a test");
	assert_int_equal(b.code, 0);
	assert_int_equal(b.result.tests_run, TESTS);
	assert_true(finding_count(&b) > 0);
	expect_none_left();
	bench_end(&b);
	b = bench_start();
	b.settings.iterations = 2;
	bench_run(&b, "dies between tests");
	assert_true(noted(&b, "a worker was started again: it died of SIGKILL") ||
		    finding_count(&b) > 0);
	bench_end(&b);
}

static void a_failure_is_tried_without_overlap(void **state)
{
	(void)state;
	struct bench b = bench_start();
	bench_run(&b, "fails in overlap");
	const struct finding *failure = find_kind(&b, FINDING_TEST_FAILURE);
	assert_non_null(failure);
	assert_string_equal(failure->tests[0], "a.py::one");
	assert_int_equal(b.result.iterations_done, 1); /* the check is no iteration */
	bench_end(&b);
	b = bench_start();
	bench_run(&b, "fails always");
	assert_null(find_kind(&b, FINDING_TEST_FAILURE));
	assert_true(noted(&b, "a.py::one fails when its threads do not overlap, too"));
	bench_end(&b);
}

static void too_much_memory_is_ended(void **state)
{
	(void)state;
	struct bench b = bench_start();
	b.options.memory = 1 << 16;
	bench_run(&b, "waits in a test");
	assert_int_equal(b.code, 0);
	assert_non_null(find_kind(&b, FINDING_OUT_OF_MEMORY));
	bench_end(&b);
}

/* ---- the loop never blocks ---- */

static void a_crash_is_looked_at_while_reports_are_symbolized(void **state)
{
	(void)state;
	struct bench b = bench_start();
	b.options.jobs = 2;
	b.settings.iterations = 2;
	bench_run(&b, "crash beside");
	assert_true(marked("crash-looked-at"));
	assert_true(marked("answered"));
	assert_false(marked("answered-late")); /* the crash was first */
	assert_non_null(find_kind(&b, FINDING_CRASH));
	const struct finding *race = find_kind(&b, FINDING_DATA_RACE);
	assert_non_null(race);
	assert_int_equal(race->run_count, 10000);
	bench_end(&b);
}

static void a_stuck_process_is_ended_while_reports_are_symbolized(void **state)
{
	(void)state;
	struct bench b = bench_start();
	b.options.jobs = 2;
	b.settings.iterations = 2;
	b.settings.timeout = 0.5;
	bench_run(&b, "stands beside");
	assert_true(marked("answered"));
	assert_false(marked("answered-late"));
	assert_non_null(find_kind(&b, FINDING_HANG));
	assert_non_null(find_kind(&b, FINDING_DATA_RACE));
	bench_end(&b);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--output-style=JSON"))
		symbolizer_main();
	if (argc == 4 && !strcmp(argv[1], "zygote")) {
		folder = argv[3];
		zygote_main(argv[2]);
	}
	const struct CMUnitTest all[] = {
		cmocka_unit_test(a_good_zygote_runs_all_tests),
		cmocka_unit_test(a_zygote_that_does_not_come_up_is_given_up),
		cmocka_unit_test(a_zygote_that_is_silent_is_given_up),
		cmocka_unit_test(what_can_not_be_is_not_believed),
		cmocka_unit_test(nobody_elses_process_is_killed),
		cmocka_unit_test(a_wrong_end_loses_no_test),
		cmocka_unit_test(errors_are_told),
		cmocka_unit_test(messages_without_end_do_not_hold_the_loop),
		cmocka_unit_test(output_without_end_is_drained),
		cmocka_unit_test(what_ran_before_the_zygote_went_counts),
		cmocka_unit_test(a_failure_is_tried_without_overlap),
		cmocka_unit_test(too_much_memory_is_ended),
		cmocka_unit_test(a_crash_is_looked_at_while_reports_are_symbolized),
		cmocka_unit_test(a_stuck_process_is_ended_while_reports_are_symbolized),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(all, NULL, NULL);
}
