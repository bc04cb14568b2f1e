/* spawn.c - programs that are run to their end. */
#include "runner/base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SHELL(script) ((char *const[]){ (char *)"sh", (char *)"-c", (char *)(script), NULL })

static struct spawned run_to_the_end(const struct spawn *spawn)
{
	struct spawned spawned;
	assert_int_equal(spawn_run(spawn, &spawned), 0);
	return spawned;
}

static void what_a_program_prints_is_kept_apart(void **state)
{
	(void)state;
	struct spawned spawned = run_to_the_end(
		&(struct spawn){ .arguments = SHELL("echo one; echo two >&2; echo three") });
	assert_int_equal(spawned.status, 0);
	assert_string_equal(spawned.out.data, "one\nthree\n");
	assert_string_equal(spawned.err.data, "two\n");
	spawned_clear(&spawned);
	spawned = run_to_the_end(&(struct spawn){ .arguments = SHELL(":") });
	assert_string_equal(spawned.out.data, "");
	assert_string_equal(spawned.err.data, "");
	spawned_clear(&spawned);
}

/* More than a pipe holds, on both channels at once, one of them closed early. */
static void a_program_that_prints_much_does_not_block(void **state)
{
	(void)state;
	struct spawned spawned = run_to_the_end(&(struct spawn){
		.arguments = SHELL("head -c 300000 /dev/zero | tr '\\0' e >&2; exec 2>&-; "
				   "head -c 300000 /dev/zero | tr '\\0' o") });
	assert_int_equal(spawned.out.length, 300000);
	assert_int_equal(spawned.err.length, 300000);
	assert_int_equal(spawned.out.data[299999], 'o');
	assert_int_equal(spawned.err.data[299999], 'e');
	spawned_clear(&spawned);
}

static void how_it_ended_is_told_as_a_shell_does(void **state)
{
	(void)state;
	static const struct {
		const char *script;
		int status;
	} cases[] = { { "exit 7", 7 }, { "kill -9 $$", 128 + 9 }, { "kill -TERM $$", 128 + 15 } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct spawned spawned =
			run_to_the_end(&(struct spawn){ .arguments = SHELL(cases[i].script) });
		assert_int_equal(spawned.status, cases[i].status);
		spawned_clear(&spawned);
	}
}

static void what_cannot_be_started_says_so_and_why(void **state)
{
	(void)state;
	char *const missing[] = { (char *)"/no/such/program", NULL };
	struct spawned spawned = run_to_the_end(&(struct spawn){ .arguments = missing });
	assert_int_equal(spawned.status, 127);
	assert_string_equal(spawned.err.data, "/no/such/program: No such file or directory\n");
	spawned_clear(&spawned);
	spawned = run_to_the_end(
		&(struct spawn){ .arguments = SHELL("echo started"), .folder = "/no/such/folder" });
	assert_int_equal(spawned.status, 127);
	assert_string_equal(spawned.out.data, "");
	spawned_clear(&spawned);
}

static void it_gets_the_folder_and_the_environment_it_is_given(void **state)
{
	(void)state;
	char *const environment[] = { (char *)"PATH=/usr/bin:/bin", (char *)"GIVEN=yes", NULL };
	setenv("NOT_GIVEN", "no", 1);
	struct spawned spawned =
		run_to_the_end(&(struct spawn){ .arguments = SHELL("pwd; echo $GIVEN-$NOT_GIVEN"),
						.environment = environment,
						.folder = "/" });
	assert_string_equal(spawned.out.data, "/\nyes-\n");
	spawned_clear(&spawned);
	spawned = run_to_the_end(&(struct spawn){ .arguments = SHELL("echo $NOT_GIVEN") });
	assert_string_equal(spawned.out.data, "no\n");
	spawned_clear(&spawned);
	unsetenv("NOT_GIVEN");
}

/* It is not to wait for a person, and Ctrl-C is the command's, which ends it. */
static void it_has_no_input_and_a_group_of_its_own(void **state)
{
	(void)state;
	struct spawned spawned = run_to_the_end(&(struct spawn){
		.arguments = SHELL("cat; ps -o pgid= -p $$ | tr -d ' '; echo $$") });
	char *second = strchr(spawned.out.data, '\n');
	assert_non_null(second);
	*second++ = '\0';
	second[strcspn(second, "\n")] = '\0';
	assert_string_equal(spawned.out.data, second);
	spawned_clear(&spawned);
}

static void no_signal_is_blocked_or_ignored_in_it(void **state)
{
	(void)state;
	sigset_t all, old;
	sigfillset(&all);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &all, &old);
	struct spawned spawned = run_to_the_end(&(struct spawn){
		.arguments = SHELL("grep -E '^SigBlk|^SigIgn' /proc/self/status") });
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGPIPE, SIG_DFL);
	assert_non_null(strstr(spawned.out.data, "SigBlk:\t0000000000000000"));
	char *ignored = strstr(spawned.out.data, "SigIgn:\t");
	assert_non_null(ignored);
	assert_int_equal(strtoull(ignored + 8, NULL, 16) & 1u << (SIGPIPE - 1), 0);
	spawned_clear(&spawned);
}

/* ---- progress ---- */

static void note_line(void *arg, char *line)
{
	struct buf *lines = arg;
	buf_printf(lines, "[%s]", line);
}

static void progress_comes_in_lines(void **state)
{
	(void)state;
	struct buf lines = { 0 };
	struct spawned spawned = run_to_the_end(
		&(struct spawn){ .arguments = SHELL("printf 'a\\nb b\\n\\nha' >&$PROGRESS; "
						    "printf 'lf\\nno end' >&$PROGRESS; echo out"),
				 .progress_variable = "PROGRESS",
				 .progress = note_line,
				 .arg = &lines });
	assert_string_equal(lines.data, "[a][b b][][half]");
	assert_string_equal(spawned.out.data, "out\n");
	spawned_clear(&spawned);
	buf_free(&lines);
}

/* ---- stopping ---- */

static volatile sig_atomic_t stop;

static void stop_now(void *arg, char *line)
{
	note_line(arg, line);
	stop = 1;
}

/* Runs the script until it has told its number, in a line, and stops it. */
static pid_t run_and_stop(const char *script, int *status)
{
	struct buf line = { 0 };
	struct spawned spawned;
	stop = 0;
	struct spawn spawn = { .arguments = SHELL(script),
			       .progress_variable = "PROGRESS",
			       .progress = stop_now,
			       .arg = &line,
			       .stop = &stop };
	assert_int_equal(spawn_run(&spawn, &spawned), EXIT_INTERRUPTED);
	*status = spawned.status;
	pid_t told = (pid_t)strtol(line.data + 1, NULL, 10);
	spawned_clear(&spawned);
	buf_free(&line);
	return told;
}

static bool is_alive(pid_t pid)
{
	char *path = xprintf("/proc/%d/stat", (int)pid), *text = read_file(path, NULL);
	char *state = text ? strrchr(text, ')') : NULL;
	bool alive = state && state[2] != 'Z' && state[2] != 'X';
	free(text);
	free(path);
	return alive;
}

/* And may say that it does. */
static void a_program_that_is_stopped_is_asked_to_end(void **state)
{
	(void)state;
	int status;
	run_and_stop("trap 'echo cleaning up >&2; exit 42' TERM; echo $$ >&$PROGRESS; "
		     "while :; do sleep 0.01; done",
		     &status);
	assert_int_equal(status, 42);
}

static void its_children_end_with_it(void **state)
{
	(void)state;
	int status;
	pid_t child =
		run_and_stop("(trap '' TERM; exec sleep 60) & echo $! >&$PROGRESS; wait", &status);
	assert_true(child > 0);
	assert_int_equal(status, 128 + SIGTERM);
	/* It was killed: gone as soon as the kernel has seen to it. */
	for (int i = 0; is_alive(child) && i < 1000; i++)
		usleep(1000);
	assert_false(is_alive(child));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_program_prints_is_kept_apart),
		cmocka_unit_test(a_program_that_prints_much_does_not_block),
		cmocka_unit_test(how_it_ended_is_told_as_a_shell_does),
		cmocka_unit_test(what_cannot_be_started_says_so_and_why),
		cmocka_unit_test(it_gets_the_folder_and_the_environment_it_is_given),
		cmocka_unit_test(it_has_no_input_and_a_group_of_its_own),
		cmocka_unit_test(no_signal_is_blocked_or_ignored_in_it),
		cmocka_unit_test(progress_comes_in_lines),
		cmocka_unit_test(a_program_that_is_stopped_is_asked_to_end),
		cmocka_unit_test(its_children_end_with_it),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
