/*
 * staggered.c - two threads write a global 0.2 s apart with nothing between them: a race that any
 * lock or allocation in a hook orders, and so hides. Instrumented with TSan.
 *
 *   staggered         the race
 *   staggered fork    200 forks with two busy threads: a hook's lock must not stay locked
 *   staggered exec    prints LD_PRELOAD and TSAN_OPTIONS as a started program sees them
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

volatile int shared;
static volatile int stop;

static __attribute__((noinline)) int work(int depth)
{
	int below = depth ? work(depth - 1) : 0;
	__asm__ volatile("" : "+r"(below));
	return below + 1;
}

static void *first(void *arg)
{
	shared = 1;
	work(8);
	usleep(400000);
	return arg;
}

static void *second(void *arg)
{
	usleep(200000);
	work(8);
	shared = 2;
	return arg;
}

static void *busy(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		work(3);
	return arg;
}

static int forks(void)
{
	pthread_t thread[2];
	for (int i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, busy, NULL);
	int bad = 0;
	for (int i = 0; i < 200; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			work(50);
			_exit(0);
		}
		int status = 0;
		waitpid(pid, &status, 0);
		bad += status != 0;
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	return bad;
}

int main(int argc, char **argv)
{
	int (*start)(const char **) = (int (*)(const char **))dlsym(RTLD_DEFAULT, "ftstress_start");
	const char *why = "";
	if (start && start(&why)) {
		fprintf(stderr, "%s\n", why);
		return 3;
	}
	if (argc > 1 && !strcmp(argv[1], "fork"))
		return forks();
	if (argc > 1 && !strcmp(argv[1], "exec"))
		return system("echo \"[$LD_PRELOAD][$FTSTRESS_ARENA_FD]\"; "
			      "case $TSAN_OPTIONS in *report_bugs=0*) echo quiet;; esac");
	pthread_t thread[2];
	pthread_create(&thread[0], NULL, first, NULL);
	pthread_create(&thread[1], NULL, second, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	return 0;
}
