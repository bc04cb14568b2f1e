/* deadlock.c - what the lists of locks say of who waits for whom. */
/* Before cmocka, whose fail() is a macro. */
#include "runner/base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runner/inspect/asleep.h"
#include "runner/verdict/deadlock.h"

enum { MOST = 4 };

static struct fts_held held[MOST][2];
static struct locklist threads[MOST];
static struct locklists lists = { threads, 0 };

static int begin(void **state)
{
	(void)state;
	memset(held, 0, sizeof held);
	memset(threads, 0, sizeof threads);
	lists.count = 0;
	return 0;
}

/* A thread that holds one lock and waits for another; 0 = none. */
static struct locklist *thread(uint64_t holds, uint64_t waits, uint32_t kind)
{
	struct locklist *one = &threads[lists.count];
	one->head.tid = (uint32_t)(10 + lists.count);
	one->head.wait_address = waits;
	one->head.wait_kind = kind;
	one->held = held[lists.count++];
	if (holds)
		one->held[one->count++] = (struct fts_held){ .address = holds, .kind = kind };
	return one;
}

static struct deadlock found(size_t asleep)
{
	struct deadlock deadlock;
	assert_true(deadlock_find(&lists, asleep, &deadlock));
	return deadlock;
}

static bool nothing(void)
{
	struct deadlock deadlock;
	return !deadlock_find(&lists, 0, &deadlock);
}

static void threads_in_a_circle_are_a_cycle(void **state)
{
	(void)state;
	thread(0, 0x10, FTS_LOCK_LOCK); /* waits for the circle, is not part of it */
	thread(0x10, 0x20, FTS_LOCK_LOCK);
	thread(0x20, 0x30, FTS_LOCK_PTHREAD);
	assert_true(nothing());
	thread(0x30, 0x10, FTS_LOCK_RLOCK);
	struct deadlock deadlock = found(0);
	assert_int_equal(deadlock.kind, DEADLOCK_CYCLE);
	assert_int_equal(deadlock.wait_count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(deadlock.waits[i].holder, deadlock.waits[(i + 1) % 3].tid);
		assert_int_equal(deadlock.waits[i].taken.address, deadlock.waits[i].address);
	}
}

static void a_wait_with_a_time_limit_makes_no_cycle(void **state)
{
	(void)state;
	thread(0x10, 0x20, FTS_LOCK_LOCK);
	thread(0x20, 0x10, FTS_LOCK_LOCK)->head.wait_flags = FTS_HELD_TIMED;
	assert_true(nothing());
}

static void a_mutex_of_its_own_is_waited_for_in_vain(void **state)
{
	(void)state;
	thread(0x10, 0x10, FTS_LOCK_PTHREAD);
	struct deadlock deadlock = found(0);
	assert_int_equal(deadlock.wait_count, 1);
	assert_int_equal(deadlock.waits[0].holder, deadlock.waits[0].tid);
}

static void a_lock_of_its_own_may_be_given_back_by_another(void **state)
{
	(void)state;
	struct locklist *one = thread(0, 0x10, FTS_LOCK_LOCK);
	one->head.wait_own = (struct fts_held){ .address = 0x10, .kind = FTS_LOCK_LOCK };
	assert_true(nothing());
	struct deadlock deadlock = found(1); /* not if all sleep */
	assert_int_equal(deadlock.kind, DEADLOCK_ASLEEP);
	assert_int_equal(deadlock.wait_count, 1);
	assert_int_equal(deadlock.waits[0].holder, 10);
	one->head.wait_own.flags = FTS_HELD_SIGNAL; /* a signal holds nobody up */
	assert_int_equal(found(1).wait_count, 0);
	/* threading.Lock of 3.13 */
	one->head.wait_own.kind = one->head.wait_kind = FTS_LOCK_PYTHREAD;
	one->head.wait_own.flags = 0;
	assert_true(nothing());
}

/* So a semaphore of PyThread_allocate_lock(), which is a signal as often as a lock. */
static void no_thread_waits_for_itself_at_a_lock_that_any_may_give_back(void **state)
{
	thread(0x10, 0x10, FTS_LOCK_LOCK);
	assert_true(nothing());
	begin(state);
	thread(0x10, 0x10, FTS_LOCK_PYTHREAD);
	assert_true(nothing());
}

static void a_reader_that_wants_to_write_waits_for_itself(void **state)
{
	(void)state;
	struct locklist *one = thread(0x10, 0x10, FTS_LOCK_PTHREAD_RW);
	one->held[0].flags = one->head.wait_flags = FTS_HELD_SHARED;
	assert_true(nothing()); /* reads it again */
	one->head.wait_flags = 0;
	assert_int_equal(found(0).wait_count, 1);
}

static void a_writer_waits_for_readers_and_no_reader_for_another(void **state)
{
	(void)state;
	struct locklist *reader = thread(0x10, 0x20, FTS_LOCK_PTHREAD_RW);
	struct locklist *other = thread(0x20, 0x10, FTS_LOCK_PTHREAD_RW);
	reader->held[0].flags = FTS_HELD_SHARED;
	assert_int_equal(found(0).wait_count, 2);
	other->head.wait_flags = FTS_HELD_SHARED;
	assert_true(nothing());
}

static void who_stops_the_world_waits_for_those_that_stay_attached(void **state)
{
	(void)state;
	thread(0x10, 1, FTS_LOCK_ATTACHED);
	struct locklist *attached = thread(0, 0x10, FTS_LOCK_PTHREAD);
	assert_true(nothing());
	attached->head.wait_flags = FTS_HELD_ATTACHED;
	struct deadlock deadlock = found(0);
	assert_int_equal(deadlock.wait_count, 2);
}

static void who_wants_the_gil_waits_for_those_that_keep_it(void **state)
{
	(void)state;
	struct locklist *wants = thread(0x10, 1, FTS_LOCK_ATTACHED);
	wants->head.attach_calls = 5; /* by which a second look knows that it is the same wait */
	thread(0, 0x10, FTS_LOCK_PTHREAD)->head.wait_flags = FTS_HELD_ATTACHED;
	struct deadlock deadlock = found(0);
	assert_int_equal(deadlock.wait_count, 2);
	assert_int_equal(deadlock.waits[0].call, 5);
	assert_false(deadlock.waits[0].stops);
	assert_int_equal(deadlock.waits[1].call, 0);
	wants->head.wait_flags = FTS_HELD_STOPS;
	assert_true(found(0).waits[0].stops);
}

static void the_holder_of_a_lock_may_have_ended(void **state)
{
	(void)state;
	thread(0x10, 0, FTS_LOCK_LOCK)->ended = true;
	thread(0, 0x10, FTS_LOCK_LOCK);
	assert_true(nothing());
	struct deadlock deadlock = found(2);
	assert_int_equal(deadlock.count, 2);
	assert_int_equal(deadlock.wait_count, 1);
	assert_true(deadlock.waits[0].ended);
	assert_int_equal(deadlock.waits[0].tid, 11);
}

static void all_asleep_is_a_verdict_without_any_list(void **state)
{
	(void)state;
	struct deadlock deadlock = found(3);
	assert_int_equal(deadlock.kind, DEADLOCK_ASLEEP);
	assert_int_equal(deadlock.count, 3);
	assert_true(nothing());
}

/* ---- does it last? ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *lock(void *unused)
{
	pthread_mutex_lock(&mutex);
	return unused;
}

/* A process whose two threads wait for a mutex that nobody will give back. */
static pid_t hung_process(void)
{
	pid_t pid = fork();
	if (pid)
		return pid;
	pthread_t other;
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pthread_mutex_lock(&mutex);
	if (pthread_create(&other, NULL, lock, NULL) == 0)
		lock(NULL);
	_exit(1);
}

static void wait_until_asleep(pid_t pid)
{
	struct asleep asleep = { 0 };
	for (int i = 0; i < 10000 && asleep.count != 2; i++) {
		struct timespec pause = { 0, 1000000 };
		nanosleep(&pause, NULL);
		asleep_clear(&asleep);
		asleep_look("/proc", pid, NULL, 0, &asleep);
	}
	assert_int_equal(asleep.count, 2);
	asleep_clear(&asleep);
}

/* The time is the caller's: no test waits for it. */
static void two_looks_without_anything_in_between_are_a_verdict(void **state)
{
	(void)state;
	struct deadlock_watch *watch = deadlock_watch_new();
	struct deadlock deadlock;
	pid_t pid = hung_process();
	assert_true(pid > 0);
	wait_until_asleep(pid);
	assert_false(deadlock_look(watch, pid, 100, &deadlock));
	assert_false(deadlock_look(watch, pid, 100.5, &deadlock)); /* not yet */
	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	kill(pid, SIGCONT);
	wait_until_asleep(pid); /* both were scheduled */
	assert_false(deadlock_look(watch, pid, 101, &deadlock));
	assert_true(deadlock_look(watch, pid, 102, &deadlock));
	assert_int_equal(deadlock.kind, DEADLOCK_ASLEEP);
	assert_int_equal(deadlock.count, 2);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_false(deadlock_look(watch, pid, 103, &deadlock));
	deadlock_watch_free(watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(threads_in_a_circle_are_a_cycle, begin),
		cmocka_unit_test_setup(a_wait_with_a_time_limit_makes_no_cycle, begin),
		cmocka_unit_test_setup(a_mutex_of_its_own_is_waited_for_in_vain, begin),
		cmocka_unit_test_setup(a_lock_of_its_own_may_be_given_back_by_another, begin),
		cmocka_unit_test_setup(no_thread_waits_for_itself_at_a_lock_that_any_may_give_back,
				       begin),
		cmocka_unit_test_setup(a_reader_that_wants_to_write_waits_for_itself, begin),
		cmocka_unit_test_setup(a_writer_waits_for_readers_and_no_reader_for_another, begin),
		cmocka_unit_test_setup(who_stops_the_world_waits_for_those_that_stay_attached,
				       begin),
		cmocka_unit_test_setup(who_wants_the_gil_waits_for_those_that_keep_it, begin),
		cmocka_unit_test_setup(the_holder_of_a_lock_may_have_ended, begin),
		cmocka_unit_test_setup(all_asleep_is_a_verdict_without_any_list, begin),
		cmocka_unit_test(two_looks_without_anything_in_between_are_a_verdict),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
