/*
 * naive.c - what libftstress.so must not do: a hook that allocates with malloc and takes a pthread
 * mutex. It orders the threads that it watches. The control of the hidden-race test: if this one
 * reports the race too, the test shows nothing.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *kept[64];
static unsigned next;
static __thread bool inside __attribute__((tls_model("initial-exec")));

void __tsan_func_entry(void *pc);
void __tsan_func_entry(void *pc)
{
	static void (*real)(void *);
	if (!real)
		real = (void (*)(void *))dlsym(RTLD_NEXT, "__tsan_func_entry");
	real(pc);
	if (inside)
		return;
	inside = true;
	void *block = malloc(100);
	pthread_mutex_lock(&lock);
	unsigned i = next++ % 64;
	void *old = kept[i];
	kept[i] = block;
	pthread_mutex_unlock(&lock);
	free(old);
	inside = false;
}

bool on_report(void *report, bool suppressed) __asm__("_ZN6__tsan8OnReportEPKNS_10ReportDescEb");
bool on_report(void *report, bool suppressed)
{
	(void)report, (void)suppressed;
	static const char text[] = "naive hook: race reported\n";
	(void)!write(1, text, sizeof text - 1);
	return true;
}
