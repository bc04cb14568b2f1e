/*
 * fence.c - two threads, 0.2 s apart, that are ordered by fences, or are not. Instrumented with
 * TSan.
 *
 *   fence count|count32     each gives up its share of an object; the last one clears it: correct
 *   fence count-bare        the same without the fence: a race
 *   fence flag|flag8        one fills the object and sets a flag, the other sees it: correct
 *   fence flag-no-release   the same without the one fence: a race
 *   fence flag-no-acquire   without the other: a race
 *   fence flag-other        both fences, but the flag read is another: a race
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile int object, parts[2];
static atomic_long count = 2;
static atomic_int count32 = 2;
static atomic_int flag, other;
static atomic_bool flag8;
static const char *how;

static bool is(const char *name)
{
	return !strcmp(how, name);
}

static void give_up(int share)
{
	parts[share] = 1;
	bool last = is("count32")
			    ? atomic_fetch_sub_explicit(&count32, 1, memory_order_release) == 1
			    : atomic_fetch_sub_explicit(&count, 1, memory_order_release) == 1;
	if (!last)
		return;
	if (!is("count-bare"))
		atomic_thread_fence(memory_order_acquire);
	parts[0] = parts[1] = 0;
}

static void fill(void)
{
	object = 1;
	if (!is("flag-no-release"))
		atomic_thread_fence(memory_order_release);
	if (is("flag8"))
		atomic_store_explicit(&flag8, true, memory_order_relaxed);
	else
		atomic_store_explicit(&flag, 1, memory_order_relaxed);
}

static void see(void)
{
	bool seen = is("flag8")        ? atomic_load_explicit(&flag8, memory_order_relaxed)
		    : is("flag-other") ? !atomic_load_explicit(&other, memory_order_relaxed)
				       : atomic_load_explicit(&flag, memory_order_relaxed);
	if (!is("flag-no-acquire"))
		atomic_thread_fence(memory_order_acquire);
	if (seen)
		(void)object;
}

static void *first(void *arg)
{
	if (strncmp(how, "count", 5) == 0)
		give_up(0);
	else
		fill();
	usleep(400000);
	return arg;
}

static void *second(void *arg)
{
	usleep(200000);
	if (strncmp(how, "count", 5) == 0)
		give_up(1);
	else
		see();
	return arg;
}

int main(int argc, char **argv)
{
	int (*start)(const char **) = (int (*)(const char **))dlsym(RTLD_DEFAULT, "ftstress_start");
	const char *why = "";
	if (argc != 2 || (start && start(&why))) {
		fprintf(stderr, "%s\n", why);
		return 3;
	}
	how = argv[1];
	pthread_t thread[2];
	pthread_create(&thread[0], NULL, first, NULL);
	pthread_create(&thread[1], NULL, second, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	return 0;
}
