/*
 * cover.c - functions that nobody runs, one thread, two threads, the two calls of a pair. Built with
 * TSan and clang's coverage of functions. host.c prints what the arena says of each function.
 *
 *   cover             each of these, in tests and pairs of its own
 *   cover fork        two children in which two threads run functions
 *   cover race        two threads write a global 0.2 s apart, between functions that both run
 *   cover time        prints the seconds of 200 million calls: each of two threads makes half
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FUNCTION(name)                                                                             \
	__attribute__((noinline)) void name(void);                                                 \
	void name(void)                                                                            \
	{                                                                                          \
		__asm__ volatile("");                                                              \
	}

FUNCTION(f_never)
FUNCTION(f_main)
FUNCTION(f_main_and_one)
FUNCTION(f_one)
FUNCTION(f_one_in_each_test)
FUNCTION(f_two)
FUNCTION(f_two_without_a_test)
FUNCTION(f_pair_both)
FUNCTION(f_pair_first)
FUNCTION(f_pair_by_turns)
FUNCTION(f_child_one)
FUNCTION(f_child_two)

static volatile int shared;

static void (*set_test)(uint32_t index);
static bool (*pair_run)(uint32_t first);
static bool (*pair_next)(uint32_t side);
static void (*pair_end)(void);

static void *function_of(const char *name)
{
	return dlsym(RTLD_DEFAULT, name);
}

static void in_threads(void *(*first)(void *), void *(*second)(void *))
{
	pthread_t thread[2];
	pthread_create(&thread[0], NULL, first, NULL);
	pthread_create(&thread[1], NULL, second, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
}

static void *test_first(void *arg)
{
	f_main_and_one();
	f_one();
	f_one();
	f_two();
	return arg;
}

static void *test_second(void *arg)
{
	f_two();
	return arg;
}

static void *next_test(void *arg)
{
	f_one_in_each_test();
	return arg;
}

static void *nothing(void *arg)
{
	return arg;
}

static void *no_test(void *arg)
{
	f_two_without_a_test();
	return arg;
}

static void *first_side(void *arg)
{
	for (int pair = 0; pair_next(0); pair++) {
		f_pair_both();
		f_pair_first();
		if (pair == 0)
			f_pair_by_turns();
	}
	return arg;
}

static void *second_side(void *arg)
{
	for (int pair = 0; pair_next(1); pair++) {
		f_pair_both();
		if (pair == 1)
			f_pair_by_turns();
	}
	return arg;
}

static void pairs(void)
{
	pthread_t thread[2];
	pthread_create(&thread[0], NULL, first_side, NULL);
	pthread_create(&thread[1], NULL, second_side, NULL);
	pair_run(0);
	pair_run(1);
	pair_end();
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
}

static void *child_one(void *arg)
{
	f_child_one();
	f_child_two();
	return arg;
}

static void *child_two(void *arg)
{
	f_child_two();
	return arg;
}

static void *race_first(void *arg)
{
	f_two();
	shared = 1;
	f_two();
	f_one();
	usleep(400000);
	return arg;
}

static void *race_second(void *arg)
{
	usleep(200000);
	f_two();
	shared = 2;
	return arg;
}

static void *time_it(void *arg)
{
	for (int i = 0; i < 100000000; i++)
		f_two();
	return arg;
}

static void *time_test(void *arg)
{
	(void)arg;
	struct timespec from, to;
	clock_gettime(CLOCK_MONOTONIC, &from);
	in_threads(time_it, time_it);
	clock_gettime(CLOCK_MONOTONIC, &to);
	fprintf(stderr, "seconds %.3f\n",
		(double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
	return NULL;
}

static int forks(void)
{
	int bad = 0;
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			set_test(0);
			in_threads(child_one, i ? child_two : nothing);
			_exit(0);
		}
		int status = 0;
		waitpid(pid, &status, 0);
		bad += status != 0;
	}
	return bad;
}

static void all(void)
{
	f_main();
	f_main_and_one();
	in_threads(no_test, no_test);
	for (uint32_t i = 1; i < 3; i++) {
		set_test(i);
		in_threads(next_test, nothing);
	}
	set_test(3);
	in_threads(test_first, test_second);
	set_test(4);
	pairs();
}

int main(int argc, char **argv)
{
	int (*start)(const char **) = (int (*)(const char **))function_of("ftstress_start");
	const char *why = "";
	if (!start || start(&why)) {
		fprintf(stderr, "%s\n", why);
		return 3;
	}
	set_test = (void (*)(uint32_t))function_of("ftstress_set_test");
	pair_run = (bool (*)(uint32_t))function_of("ftstress_pair_run");
	pair_next = (bool (*)(uint32_t))function_of("ftstress_pair_next");
	pair_end = (void (*)(void))function_of("ftstress_pair_end");
	const char *how = argc > 1 ? argv[1] : "";
	if (!strcmp(how, "fork"))
		return forks();
	if (!strcmp(how, ""))
		all();
	else
		set_test(0);
	if (!strcmp(how, "race"))
		in_threads(race_first, race_second);
	if (!strcmp(how, "time"))
		time_test(NULL);
	return 0;
}
