/*
 * Turns, without Python and ThreadSanitizer: interpose/turns/ but for pairs, with semaphores that stand
 * for the interpreter's waits. Each order is asked for many times, since what is wrong with a
 * scheduler shows now and then.
 */
#include "interpose/base/raw.h"

static long hooked_syscall6(long number, long a, long b, long c, long d, long e, long f);
#define raw_syscall6 hooked_syscall6
#undef _GNU_SOURCE /* turns.c defines it */
#include "interpose/turns/look.c"
#include "interpose/turns/turns.c"
#include "interpose/turns/waits.c"
#undef raw_syscall6

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#define TIMES 100
#define WAYS 4

/* What turns.c finds in the process. */

static int real_wait(void *semaphore, int64_t timeout, int detach)
{
	(void)timeout, (void)detach;
	return sem_wait(semaphore);
}

static void real_wakeup(void *semaphore)
{
	sem_post(semaphore);
}

static void *fake_save(void)
{
	return NULL;
}

static void fake_restore(void *tstate)
{
	(void)tstate;
	turns_attach();
}

void *symbol_next(const char *symbol)
{
	static const struct {
		const char *name;
		void *function;
	} known[] = {
		{ "_PySemaphore_Wait", (void *)real_wait },
		{ "_PySemaphore_Wakeup", (void *)real_wakeup },
		{ "PyEval_SaveThread", (void *)fake_save },
		{ "PyEval_RestoreThread", (void *)fake_restore },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(symbol, known[i].name) == 0)
			return known[i].function;
	return dlsym(RTLD_NEXT, symbol);
}

bool contended_on;

void *symbol_need(const char *symbol)
{
	return symbol_next(symbol);
}

/* Called by a member that has decided to wait for its turn, and does not wait yet; NULL = nothing.
 */
static void (*about_to_wait)(bool watches);

static long hooked_syscall6(long number, long a, long b, long c, long d, long e, long f)
{
	if (about_to_wait && turns_self && number == SYS_futex && b == FUTEX_WAIT_PRIVATE)
		about_to_wait(d != 0);
	return raw_syscall6(number, a, b, c, d, e, f);
}

/* What the threads did, in order; only who has the turn writes. */
static char story[256];
static size_t told;
static sem_t semaphore, second;
static int channel[2];

static void tell(char what)
{
	size_t at = told;
	for (volatile int i = 0; i < 200; i++)
		;
	assert_true(at < sizeof story - 1);
	story[at] = what;
	told = at + 1;
}

typedef void body(int number);

struct thread {
	body *body;
	int number;
};

static void *run_body(void *argument)
{
	struct thread *thread = argument;
	ftstress_turn_enter((uint32_t)thread->number);
	thread->body(thread->number);
	ftstress_turn_leave();
	ftstress_turn_stay((uint32_t)thread->number);
	return NULL;
}

/* Each body in a thread, started and ended in the opposite order of their places. */
static const char *story_of(body *const bodies[], int count, uint32_t calls)
{
	pthread_t ids[WAYS];
	struct thread threads[WAYS];
	memset(story, 0, sizeof story);
	told = 0;
	sem_init(&semaphore, 0, 0);
	sem_init(&second, 0, 0);
	contended_on = true;
	ftstress_turns_begin((uint32_t)count, calls, true);
	assert_false(contended_on); /* which counts are handed over says nothing then */
	for (int i = count - 1; i >= 0; i--) {
		threads[i] = (struct thread){ bodies[i], i };
		assert_int_equal(pthread_create(&ids[i], NULL, run_body, &threads[i]), 0);
		assert_true(ftstress_turns_entered((uint32_t)(count - i)));
	}
	assert_int_equal(told, 0);
	assert_true(ftstress_turns_run());
	for (int i = count - 1; i >= 0; i--) {
		ftstress_turns_let_go((uint32_t)i);
		pthread_join(ids[i], NULL);
	}
	ftstress_turns_end();
	return story;
}

#define STORY(expected, calls, ...)                                                                \
	do {                                                                                       \
		body *const bodies[] = { __VA_ARGS__ };                                            \
		for (int time = 0; time < TIMES; time++)                                           \
			assert_string_equal(                                                       \
				story_of(bodies, sizeof bodies / sizeof *bodies, calls),           \
				expected);                                                         \
	} while (0)

#define STORY_ONCE(expected, ...)                                                                  \
	do {                                                                                       \
		body *const bodies[] = { __VA_ARGS__ };                                            \
		assert_string_equal(story_of(bodies, sizeof bodies / sizeof *bodies, 0),           \
				    expected);                                                     \
	} while (0)

static void three_steps(int number)
{
	for (int i = 0; i < 3; i++)
		tell((char)('a' + number));
}

static void one_after_the_other(void **state)
{
	(void)state;
	STORY("aaabbbcccddd", 0, three_steps, three_steps, three_steps, three_steps);
}

static void waits(int number)
{
	(void)number;
	tell('w');
	_PySemaphore_Wait(&semaphore, -1, 0);
	tell('W');
}

static void wakes(int number)
{
	(void)number;
	tell('p');
	_PySemaphore_Wakeup(&semaphore);
	tell('P');
}

static void who_blocks_passes_the_turn_and_is_queued_when_woken(void **state)
{
	(void)state;
	STORY("wpPW", 0, waits, wakes);
}

static void who_is_woken_waits_behind_those_who_came_before(void **state)
{
	(void)state;
	STORY("wpPcccW", 0, waits, wakes, three_steps);
}

static void calls(int number)
{
	for (int i = 0; i < 4; i++) {
		tell((char)('a' + number));
		turns_called();
	}
}

static void a_turn_ends_after_so_many_calls(void **state)
{
	(void)state;
	STORY("aabbaabb", 2, calls, calls);
	STORY("aaaabbbb", 0, calls, calls);
}

static void spins(int number)
{
	(void)number;
	tell('s');
	while (!strchr(story, 'P'))
		sched_yield();
	tell('S');
}

static void who_yields_lets_the_others_run(void **state)
{
	(void)state;
	STORY("spPS", 0, spins, wakes);
}

static void *child(void *argument)
{
	struct member *member = ((void **)argument)[0];
	sem_t *up = ((void **)argument)[1];
	turns_started(member);
	tell('c');
	_PySemaphore_Wakeup(up); /* as threading.Thread: its creator waits for it */
	turns_called();
	tell('C');
	turns_ended();
	return NULL;
}

static void starts_two(int number)
{
	(void)number;
	pthread_t ids[2];
	void *arguments[2][2];
	sem_t *up[2] = { &semaphore, &second };
	for (int i = 0; i < 2; i++) {
		arguments[i][0] = turns_created();
		arguments[i][1] = up[i];
		assert_int_equal(pthread_create(&ids[i], NULL, child, arguments[i]), 0);
		_PySemaphore_Wait(up[i], -1, 0);
		tell('n');
	}
	for (int i = 0; i < 2; i++)
		pthread_join(ids[i], NULL);
}

static void all_threads_that_a_test_starts_exist_before_one_goes_on(void **state)
{
	(void)state;
	body *const bodies[] = { starts_two };
	for (int time = 0; time < 5; time++)
		assert_string_equal(story_of(bodies, 1, 0), "cncnCC");
}

static void reads_pipe(int number)
{
	(void)number;
	char byte;
	tell('r');
	assert_int_equal(read(channel[0], &byte, 1), 1);
	turns_attach();
	tell('R');
}

static void writes_pipe(int number)
{
	(void)number;
	tell('x');
	assert_int_equal(write(channel[1], "!", 1), 1);
	tell('X');
}

static void who_sleeps_unseen_loses_the_turn(void **state)
{
	(void)state;
	body *const bodies[] = { reads_pipe, writes_pipe };
	assert_int_equal(pipe(channel), 0);
	for (int time = 0; time < 3; time++)
		assert_string_equal(story_of(bodies, 2, 0), "rxXR");
	close(channel[0]);
	close(channel[1]);
}

static void second_comes_late(bool watches)
{
	if (turns_self->ticket == 1 && !watches)
		sem_wait(&semaphore);
}

static void lets_the_second_wait(int number)
{
	sem_post(&semaphore);
	reads_pipe(number);
}

static void who_becomes_first_when_about_to_wait_watches(void **state)
{
	(void)state;
	body *const bodies[] = { lets_the_second_wait, writes_pipe };
	assert_int_equal(pipe(channel), 0);
	about_to_wait = second_comes_late;
	assert_string_equal(story_of(bodies, 2, 0), "rxXR");
	about_to_wait = NULL;
	close(channel[0]);
	close(channel[1]);
}

static bool created;

static void tell_that_nobody_watches(bool watches)
{
	if (__atomic_load_n(&created, __ATOMIC_ACQUIRE) && !watches)
		sem_post(&semaphore);
}

static void fails_to_start_one(int number)
{
	struct member *member = turns_created();
	__atomic_store_n(&created, true, __ATOMIC_RELEASE);
	sem_wait(&semaphore);
	turns_not_created(member);
	reads_pipe(number);
}

static void who_was_behind_a_thread_that_did_not_start_watches(void **state)
{
	(void)state;
	body *const bodies[] = { fails_to_start_one, writes_pipe };
	assert_int_equal(pipe(channel), 0);
	about_to_wait = tell_that_nobody_watches;
	assert_string_equal(story_of(bodies, 2, 0), "rxXR");
	about_to_wait = NULL;
	close(channel[0]);
	close(channel[1]);
}

/* As if the caller had computed for LONG_NS since it was last looked at. */
static void seem_long(void)
{
	struct member *self = turns_self;
	raw_lock(&lock);
	look = (struct look){ self, look_computed(self->tid) - (uint64_t)LONG_NS, 0, 0 };
	raw_unlock(&lock);
}

static void computes(int number)
{
	(void)number;
	tell('l');
	seem_long();
	while (!strchr(story, 'b'))
		turns_called();
	tell('L');
}

static void who_computes_for_long_gives_the_turn_up_at_the_next_call(void **state)
{
	(void)state;
	STORY_ONCE("lbbbL", computes, three_steps);
}

static void computes_and_calls_nothing(int number)
{
	(void)number;
	tell('l');
	seem_long();
	while (!__atomic_load_n(&turns_self->yields, __ATOMIC_RELAXED))
		;
	seem_long();
	while (!__atomic_load_n(&story[3], __ATOMIC_RELAXED))
		;
	turns_attach();
	tell('L');
}

static void who_calls_nothing_for_long_gets_company(void **state)
{
	(void)state;
	STORY_ONCE("lbbbL", computes_and_calls_nothing, three_steps);
}

static void *ends_silently(void *argument)
{
	turns_started(argument);
	tell('e');
	return NULL; /* no turns_ended(), as after pthread_exit() */
}

static void starts_one_that_ends_silently(int number)
{
	(void)number;
	pthread_t id;
	assert_int_equal(pthread_create(&id, NULL, ends_silently, turns_created()), 0);
	pthread_join(id, NULL);
	turns_attach();
	tell('E');
}

static void who_has_ended_has_no_turn(void **state)
{
	(void)state;
	body *const bodies[] = { starts_one_that_ends_silently, three_steps };
	assert_string_equal(story_of(bodies, 2, 0), "ebbbE");
}

static void forks(int number)
{
	(void)number;
	pid_t pid = fork();
	if (pid == 0) {
		after_fork(true);
		turns_attach();
		_exit(turns_created() ? 1 : 7);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 7);
}

static void before(void)
{
	before_fork();
}

static void after_in_parent(void)
{
	after_fork(false);
}

static void a_forked_child_takes_no_turns(void **state)
{
	(void)state;
	body *const bodies[] = { forks, forks };
	pthread_atfork(before, after_in_parent, NULL);
	story_of(bodies, 2, 0);
}

static void takes_the_turn_of_the_second(int number)
{
	(void)number;
	tell('t');
	raw_lock(&lock);
	for (struct member *member = members; member < members + members_used; member++)
		if (member != turns_self)
			pass(member, BLOCKED, NULL);
	raw_unlock(&lock);
	tell('T');
}

static void who_loses_the_turn_before_it_wakes_up_queues_again(void **state)
{
	(void)state;
	body *const bodies[] = { takes_the_turn_of_the_second, three_steps };
	for (int time = 0; time < 5; time++)
		assert_string_equal(story_of(bodies, 2, 0), "tTbbb");
}

static void *enters(void *argument)
{
	ftstress_turn_enter(0);
	return argument;
}

static void the_end_frees_who_waits_for_threads_that_never_come(void **state)
{
	(void)state;
	pthread_t id;
	ftstress_turns_begin(2, 0, true);
	assert_int_equal(pthread_create(&id, NULL, enters, NULL), 0);
	while (__atomic_load_n(&to_come, __ATOMIC_RELAXED) == 2)
		sched_yield();
	ftstress_turns_end();
	assert_int_equal(pthread_join(id, NULL), 0);
	assert_null(turns_created());
}

static struct member *late;

static void one_comes_late(bool watches)
{
	(void)watches;
	if (late)
		return;
	late = turns_self;
	sem_post(&semaphore);
	sem_wait(&second);
}

static void the_end_frees_who_is_about_to_wait_in_a_place_that_another_gets(void **state)
{
	(void)state;
	pthread_t ids[2];
	sem_init(&semaphore, 0, 0);
	sem_init(&second, 0, 0);
	about_to_wait = one_comes_late;
	ftstress_turns_begin(2, 0, true);
	assert_int_equal(pthread_create(&ids[0], NULL, enters, NULL), 0);
	sem_wait(&semaphore);
	ftstress_turns_end();
	ftstress_turns_begin(2, 0, true);
	assert_int_equal(pthread_create(&ids[1], NULL, enters, NULL), 0);
	assert_true(ftstress_turns_entered(1));
	assert_int_equal(late->generation, generation);
	sem_post(&second);
	assert_int_equal(pthread_join(ids[0], NULL), 0);
	ftstress_turns_end();
	assert_int_equal(pthread_join(ids[1], NULL), 0);
	about_to_wait = NULL;
}

int main(void)
{
	const char *why = NULL;
	alarm(120); /* who never gets the turn waits for ever */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(who_blocks_passes_the_turn_and_is_queued_when_woken),
		cmocka_unit_test(who_is_woken_waits_behind_those_who_came_before),
		cmocka_unit_test(a_turn_ends_after_so_many_calls),
		cmocka_unit_test(who_yields_lets_the_others_run),
		cmocka_unit_test(all_threads_that_a_test_starts_exist_before_one_goes_on),
		cmocka_unit_test(who_sleeps_unseen_loses_the_turn),
		cmocka_unit_test(who_becomes_first_when_about_to_wait_watches),
		cmocka_unit_test(who_was_behind_a_thread_that_did_not_start_watches),
		cmocka_unit_test(who_computes_for_long_gives_the_turn_up_at_the_next_call),
		cmocka_unit_test(who_calls_nothing_for_long_gets_company),
		cmocka_unit_test(who_has_ended_has_no_turn),
		cmocka_unit_test(who_loses_the_turn_before_it_wakes_up_queues_again),
		cmocka_unit_test(a_forked_child_takes_no_turns),
		cmocka_unit_test(the_end_frees_who_waits_for_threads_that_never_come),
		cmocka_unit_test(the_end_frees_who_is_about_to_wait_in_a_place_that_another_gets),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	concern_turns.start(&why);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
