/*
 * threads.c - what every new thread gets before its own code runs: an alternate signal stack, so
 * that a stack overflow is reported and not just fatal; and what other concerns hand over from the
 * thread that creates it.
 *
 * Thread-local variables lie on the thread's stack. A thread that asks for a stack of some size gets one
 * that is larger by twice what ours take, as a CPython built with ThreadSanitizer uses half of it: else
 * its own code would overflow a small one.
 */
#include "interpose/base/concern.h"
#include "interpose/base/symbol.h"
#include "interpose/wrap/crash.h"
#include "interpose/wrap/quiet.h"
#include "interpose/locks/locks.h"
#include "interpose/memory/quarantine.h"
#include "interpose/base/private_heap.h"
#include "interpose/base/raw.h"
#include "interpose/turns/turns.h"
#include "interpose/variables/variables.h"
#include "interpose/order/type_cache.h"

#include <pthread.h>

struct launch {
	void *(*start)(void *);
	void *argument;
	uint32_t number;     /* the new thread's, for locks.h */
	struct member *turn; /* its place in the turns, or NULL: turns.h */
	uint32_t generation; /* of types, which its creator has acquired: type_cache.h */
	void *fiber;         /* of its Python code, or NULL: variables.h */
};

static bool started;
static size_t own_bytes; /* of our thread-local variables */
typedef int create_function(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

static void *run(void *pointer)
{
	struct launch launch = *(struct launch *)pointer;
	heap_free(pointer);
	locks_thread_started(launch.number);
	crash_thread_init();
	type_cache_acquired = launch.generation;
	variables_thread_started(launch.fiber);
	if (launch.turn)
		turns_started(launch.turn);
	void *result = launch.start(launch.argument);
	variables_thread_ended();
	quarantine_thread_ended();
	if (launch.turn)
		turns_ended();
	return result;
}

/* Is the stack's memory the program's own? If only the size is known, the address is 0 - size. */
static bool has_memory(const pthread_attr_t *attributes)
{
	void *low;
	size_t size;
	return pthread_attr_getstack(attributes, &low, &size) || (uintptr_t)low + size;
}

static int create(create_function *real, pthread_t *thread, const pthread_attr_t *attributes,
		  struct launch *launch)
{
	size_t size;
	if (!attributes || has_memory(attributes) || pthread_attr_getstacksize(attributes, &size))
		return real(thread, attributes, run, launch);
	pthread_attr_t larger = *attributes;
	pthread_attr_setstacksize(&larger, size + 2 * own_bytes);
	return real(thread, &larger, run, launch);
}

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*start)(void *), void *argument)
{
	static create_function *real;
	if (UNLIKELY(!real))
		real = (create_function *)symbol_need("pthread_create");
	quiet_end();
	struct launch *launch = started ? heap_alloc(sizeof *launch) : NULL;
	if (!launch)
		return real(thread, attributes, start, argument);
	*launch = (struct launch){ start,
				   argument,
				   locks_thread_created(),
				   turns_created(),
				   type_cache_acquired,
				   variables_thread_created() };
	int error = create(real, thread, attributes, launch);
	if (error) {
		turns_not_created(launch->turn);
		variables_thread_not_created(launch->fiber);
		heap_free(launch);
	}
	return error;
}

static bool start(const char **why)
{
	struct symbol_variables own;
	(void)why;
	symbol_variables((const void *)run, &own);
	own_bytes = own.size;
	started = true;
	return true;
}

const struct concern concern_threads = {
	.name = "thread start",
	.start = start,
	.before_fork = quiet_pause,
};
