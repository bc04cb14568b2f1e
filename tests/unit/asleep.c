/* asleep.c - when a process counts as asleep for ever, on a /proc that is made here. */
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
#include <sys/stat.h>
#include <unistd.h>

#include "runner/inspect/asleep.h"
#include "runner/verdict/waiting.h"

#define ENDLESS "202 0x7f00 0x189 0x0 0x0 0x0 0xffffffff 0x7ffe 0x7f617a8a3f16"
#define TIMED "202 0x7f00 0x189 0x0 0x7ffeb0 0x0 0xffffffff 0x7ffe 0x7f617a8a3f16"
#define SHARED "202 0x9010 0x109 0x0 0x0 0x0 0xffffffff 0x7ffe 0x7f617a8a3f16"
#define JOIN "202 0x7f10 0x109 0x0 0x0 0x0 0xffffffff 0x7ffe 0x7f617a8a3f16"
#define READ "0 0x3 0x7f00 0x10 0x0 0x0 0x0 0x7ffe 0x7f617a8a3f16"
#define SANITIZER "35 0x7f61 0x7f61 0x0 0x8 0x0 0x7ffe 0x7f61 0x5678"
#define SLEEP "35 0x7f61 0x7f61 0x0 0x8 0x0 0x7ffe 0x7f61 0x7f617a8a3f16"

static const char maps[] = "5000-6000 r-xp 00078000 fe:00 7 /usr/lib/libclang_rt.tsan-x86_64.so\n"
			   "7000-8000 rw-p 00000000 00:00 0\n"
			   "9000-a000 rw-s 00000000 00:01 3 /dev/shm/semaphore\n";

static char root[64];

static void put(const char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(const char *text, const char *format, ...)
{
	char path[256];
	va_list args;
	size_t at = (size_t)snprintf(path, sizeof path, "%s/", root);
	va_start(args, format);
	vsnprintf(path + at, sizeof path - at, format, args);
	va_end(args);
	for (char *slash = path + at; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0777);
		*slash = '/';
	}
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void put_thread(int tid, char state, int switches, const char *call)
{
	char *status = xprintf("Name:\tx\nState:\t%c (x)\nvoluntary_ctxt_switches:\t%d\n"
			       "nonvoluntary_ctxt_switches:\t1\n",
			       state, switches);
	char *line = xprintf("%s\n", call);
	put(status, "10/task/%d/status", tid);
	put(line, "10/task/%d/syscall", tid);
	free(status);
	free(line);
}

/* A process that catches what CPython, faulthandler and the C library do, and sleeps for ever. */
static int make_process(void **state)
{
	(void)state;
	snprintf(root, sizeof root, "/tmp/ftstress-asleep-XXXXXX");
	assert_non_null(mkdtemp(root));
	put("Name:\tx\nSigCgt:\t00000001000004e8\n", "10/status");
	put("10 (a b) S 1 10 10 0\n", "10/stat");
	put("11 (zombie) Z 10 10 10 0\n", "11/stat");
	put("12 (another) S 1 12 12 0\n", "12/stat");
	put(maps, "10/maps");
	put_thread(10, 'S', 5, ENDLESS);
	put_thread(13, 'S', 7, ENDLESS);
	put_thread(14, 'S', 9, SANITIZER);
	return 0;
}

static int remove_process(void **state)
{
	(void)state;
	char *command = xprintf("rm -rf %s", root);
	int failed = system(command);
	free(command);
	return failed;
}

static bool all_asleep(void)
{
	struct asleep asleep;
	bool all = asleep_look(root, 10, NULL, 0, &asleep);
	assert_int_equal(asleep.count, all ? 2 : 0);
	asleep_clear(&asleep);
	return all;
}

static void threads_in_endless_waits_are_asleep(void **state)
{
	(void)state;
	assert_true(all_asleep());
	put_thread(13, 'S', 7, JOIN); /* not marked private, but in memory of its own */
	assert_true(all_asleep());
	put_thread(15, 'Z', 1, ENDLESS); /* has ended */
	assert_true(all_asleep());
}

static void a_thread_that_may_be_woken_from_outside_is_not(void **state)
{
	(void)state;
	static const char *const calls[] = { TIMED, SHARED, READ, SLEEP, "running", "-1 0x1 0x2" };
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		put_thread(13, 'S', 7, calls[i]);
		assert_false(all_asleep());
	}
	put_thread(13, 'R', 7, ENDLESS);
	assert_false(all_asleep());
	put_thread(13, 'T', 7, ENDLESS);
	assert_false(all_asleep());
}

static void who_is_known_to_wait_for_another_of_them_wakes_none(void **state)
{
	(void)state;
	static const pid_t polls[] = { 15 };
	struct asleep asleep;
	put_thread(15, 'S', 7, TIMED); /* looks every few milliseconds whether the GIL is free */
	assert_false(all_asleep());
	assert_true(asleep_look(root, 10, polls, 1, &asleep));
	assert_int_equal(asleep.count, 2);
	asleep_clear(&asleep);
	put_thread(16, 'S', 7, TIMED);
	assert_false(asleep_look(root, 10, polls, 1, &asleep));
}

static void a_signal_handler_may_wake_one(void **state)
{
	(void)state;
	put("Name:\tx\nSigCgt:\t00000001000024e8\n", "10/status"); /* SIGALRM */
	assert_false(all_asleep());
	put("Name:\tx\nSigCgt:\t00000001000104e8\n", "10/status"); /* SIGCHLD */
	assert_false(all_asleep());
	put("Name:\tx\nSigCgt:\t00000001000044ea\n", "10/status"); /* SIGINT, SIGTERM */
	assert_true(all_asleep());
}

static void so_may_a_child_or_another_process_of_the_group(void **state)
{
	(void)state;
	put("20 (child) S 10 20 20 0\n", "20/stat");
	assert_false(all_asleep());
	put("20 (child) S 1 10 20 0\n", "20/stat");
	assert_false(all_asleep());
	put("20 (child) S 1 20 20 0\n", "20/stat");
	assert_true(all_asleep());
}

static void what_was_scheduled_in_between_did_not_stand_still(void **state)
{
	(void)state;
	struct asleep before, after, none = { 0 };
	assert_true(asleep_look(root, 10, NULL, 0, &before));
	assert_true(asleep_look(root, 10, NULL, 0, &after));
	assert_true(asleep_same(&before, &after));
	assert_false(asleep_same(&none, &none));
	asleep_clear(&after);
	put_thread(14, 'S', 20, SANITIZER);
	assert_true(asleep_look(root, 10, NULL, 0, &after));
	assert_true(asleep_same(&before, &after));
	asleep_clear(&after);
	put_thread(13, 'S', 8, ENDLESS);
	assert_true(asleep_look(root, 10, NULL, 0, &after));
	assert_false(asleep_same(&before, &after));
	asleep_clear(&after);
	asleep_clear(&before);
}

/* ---- what a stack waits for ---- */

static struct frame python(char *function, char *file)
{
	return (struct frame){ .language = FRAME_PYTHON, .function = function, .file = file };
}

static struct frame native(char *function)
{
	return (struct frame){ .language = FRAME_C, .function = function };
}

static void a_stack_says_what_it_waits_for_and_whose_code_does(void **state)
{
	(void)state;
	struct frame frames[] = { native("sem_wait"), python("Condition.wait", "/l/threading.py"),
				  python("Event.wait", "/l/threading.py"),
				  python("consume", "/x/app.py"),
				  python("Thread.run", "/l/threading.py") };
	struct waiting waiting = waiting_of(&(struct stack){ frames, 5 });
	assert_string_equal(waiting.what, "an Event to be set");
	assert_ptr_equal(waiting.user, &frames[3]);
	assert_true(waiting.condition && !waiting.driver && !waiting.idle);
	struct frame plain[] = { native("sem_wait"), python("take", "/x/app.py") };
	waiting = waiting_of(&(struct stack){ plain, 2 });
	assert_null(waiting.what);
	assert_ptr_equal(waiting.user, &plain[1]);
}

static void a_pool_has_idle_threads_and_jobs_that_wait(void **state)
{
	(void)state;
	char *pool = "/l/concurrent/futures/thread.py";
	struct frame idle[] = { native("_queue_SimpleQueue_get"), python("_worker", pool),
				python("Thread.run", "/l/threading.py") };
	struct waiting waiting = waiting_of(&(struct stack){ idle, 3 });
	assert_true(waiting.idle && !waiting.job);
	struct frame job[] = { python("Condition.wait", "/l/threading.py"),
			       python("Future.result", "/l/concurrent/futures/_base.py"),
			       python("work", "/x/app.py"), python("_WorkItem.run", pool),
			       python("_worker", pool) };
	waiting = waiting_of(&(struct stack){ job, 5 });
	assert_true(waiting.job && waiting.future && !waiting.idle);
	assert_ptr_equal(waiting.user, &job[2]);
}

static void the_drivers_own_wait_is_known(void **state)
{
	(void)state;
	char *driver = "/s/ftstress_driver/threads.py";
	struct frame main_thread[] = { python("Thread.join", "/l/threading.py"),
				       python("run_bodies", driver) };
	struct waiting waiting = waiting_of(&(struct stack){ main_thread, 2 });
	assert_true(waiting.driver && waiting.join);
	struct frame worker[] = { python("Event.wait", "/l/threading.py"),
				  python("test", "/x/app.py"), python("_Worker.run", driver) };
	assert_false(waiting_of(&(struct stack){ worker, 3 }).driver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(threads_in_endless_waits_are_asleep, make_process,
						remove_process),
		cmocka_unit_test_setup_teardown(a_thread_that_may_be_woken_from_outside_is_not,
						make_process, remove_process),
		cmocka_unit_test_setup_teardown(who_is_known_to_wait_for_another_of_them_wakes_none,
						make_process, remove_process),
		cmocka_unit_test_setup_teardown(a_signal_handler_may_wake_one, make_process,
						remove_process),
		cmocka_unit_test_setup_teardown(so_may_a_child_or_another_process_of_the_group,
						make_process, remove_process),
		cmocka_unit_test_setup_teardown(what_was_scheduled_in_between_did_not_stand_still,
						make_process, remove_process),
		cmocka_unit_test(a_stack_says_what_it_waits_for_and_whose_code_does),
		cmocka_unit_test(a_pool_has_idle_threads_and_jobs_that_wait),
		cmocka_unit_test(the_drivers_own_wait_is_known),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
