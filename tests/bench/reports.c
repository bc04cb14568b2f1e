/*
 * reports.c - 4,096 races of two threads, each with stacks of its own; prints the seconds that they
 * took. Alone: what TSan takes to print them; under libftstress.so: to capture them.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#define ROWS 64
#define COLUMNS 64
static volatile int cell[ROWS][COLUMNS];
static pthread_barrier_t barrier;

#define WRITER(n)                                                                                  \
	static __attribute__((noinline)) void write_##n(volatile int *at)                          \
	{                                                                                          \
		*at = n;                                                                           \
		__asm__ volatile("");                                                              \
	}
#define CALLER(n)                                                                                  \
	static __attribute__((noinline)) void call_##n(void (*write)(volatile int *),              \
						       volatile int *at)                           \
	{                                                                                          \
		write(at);                                                                         \
		__asm__ volatile("");                                                              \
	}
#define EIGHT(X, n) X(n##0) X(n##1) X(n##2) X(n##3) X(n##4) X(n##5) X(n##6) X(n##7)
#define ALL(X)                                                                                     \
	EIGHT(X, 1)                                                                                \
	EIGHT(X, 2) EIGHT(X, 3) EIGHT(X, 4) EIGHT(X, 5) EIGHT(X, 6) EIGHT(X, 7) EIGHT(X, 8)
ALL(WRITER)
ALL(CALLER)

#define WRITER_NAME(n) write_##n,
#define CALLER_NAME(n) call_##n,
static void (*const writers[])(volatile int *) = { ALL(WRITER_NAME) };
static void (*const callers[])(void (*)(volatile int *), volatile int *) = { ALL(CALLER_NAME) };

static void *run(void *arg)
{
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < ROWS; i++)
		for (int j = 0; j < COLUMNS; j++)
			callers[i](writers[j], &cell[i][j]);
	return arg;
}

int main(void)
{
	int (*start)(const char **) = (int (*)(const char **))dlsym(RTLD_DEFAULT, "ftstress_start");
	const char *why = "";
	if (start && start(&why))
		return 3;
	struct timespec before, after;
	pthread_t thread[2];
	pthread_barrier_init(&barrier, NULL, 2);
	clock_gettime(CLOCK_MONOTONIC, &before);
	for (int i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, run, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	clock_gettime(CLOCK_MONOTONIC, &after);
	fprintf(stderr, "seconds %.6f\n",
		(double)(after.tv_sec - before.tv_sec) +
			(double)(after.tv_nsec - before.tv_nsec) * 1e-9);
	return 0;
}
