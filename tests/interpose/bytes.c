/*
 * bytes.c - two threads, one after the other, go over 512 bytes one by one with nothing between
 * them. Instrumented with TSan, but for how the second waits for the first.
 *
 *   bytes up|down EVENTS    every byte: a race. EVENTS more of the second thread come before
 *   bytes halves EVENTS          one the even bytes, one the odd ones: none
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH = 512 };

static volatile char shared[LENGTH] __attribute__((aligned(64)));
static volatile long before[64];
static const char *order;
static int events, turn;

/* TSan must not see the handover, which would order the threads. */
static __attribute__((no_sanitize("thread"))) void wait_for(int value)
{
	while (*(volatile int *)&turn != value)
		;
}

static __attribute__((no_sanitize("thread"))) void pass_on(void)
{
	*(volatile int *)&turn = turn + 1;
}

static void *work(void *arg)
{
	long place = *(long *)arg;
	wait_for((int)place);
	for (int i = 0; place && i < events; i++)
		before[i] = i;
	if (!strcmp(order, "up"))
		for (long i = 0; i < LENGTH; i++)
			shared[i] = 1;
	else if (!strcmp(order, "down"))
		for (long i = LENGTH; --i >= 0;)
			shared[i] = 1;
	else if (!strcmp(order, "halves"))
		for (long i = place; i < LENGTH; i += 2)
			shared[i] = 1;
	else if (!strcmp(order, place ? "second" : "first"))
		for (long i = 0; i < LENGTH; i++)
			shared[i] = 1;
	else
		for (long i = 0; i < LENGTH; i++)
			(void)shared[i];
	pass_on();
	wait_for(2); /* its stack stays in TSan's history */
	return NULL;
}

int main(int argc, char **argv)
{
	int (*start)(const char **) = (int (*)(const char **))dlsym(RTLD_DEFAULT, "ftstress_start");
	const char *why = "";
	if (argc != 3 || (start && start(&why))) {
		fprintf(stderr, "%s\n", why);
		return 3;
	}
	order = argv[1];
	events = atoi(argv[2]);
	pthread_t thread[2];
	long place[2] = { 0, 1 };
	for (int i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, work, &place[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	return 0;
}
