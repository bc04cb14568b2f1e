/* workers.c - threads that the module starts itself, and Python knows nothing of. */
#include "planted.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

/*
 * add_up: the sum of the numbers below n, computed in a thread of its own.
 *
 * Bug: the caller waits until a flag is set and reads the sum, instead of joining. volatile keeps
 * the compiler from dropping the loop, and orders nothing.
 */
struct job {
	long n, sum;
	volatile bool done;
};

static void *work(void *argument)
{
	struct job *job = argument;
	for (long i = 0; i < job->n; i++)
		job->sum += i;
	job->done = true;
	return NULL;
}

static void wait_bug(struct job *job, pthread_t thread)
{
	while (!job->done)
		sched_yield();
	pthread_detach(thread);
}

static void wait_ok(struct job *Py_UNUSED(job), pthread_t thread)
{
	pthread_join(thread, NULL);
}

static PyObject *add_up(void (*wait)(struct job *, pthread_t), PyObject *const *args,
			Py_ssize_t count)
{
	pthread_t thread;
	struct job *job = calloc(1, sizeof *job);
	if (!job)
		return PyErr_NoMemory();
	if (planted_numbers(args, count, 1, &job->n)) {
		free(job);
		return NULL;
	}
	errno = pthread_create(&thread, NULL, work, job);
	if (errno) {
		free(job);
		return PyErr_SetFromErrno(PyExc_OSError);
	}
	Py_BEGIN_ALLOW_THREADS wait(job, thread);
	Py_END_ALLOW_THREADS PyObject *sum = PyLong_FromLong(job->sum);
	free(job);
	return sum;
}

static PyObject *add_up_bug(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	return add_up(wait_bug, args, count);
}

static PyObject *add_up_ok(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	return add_up(wait_ok, args, count);
}

static PyMethodDef functions[] = {
	PLANTED(add_up_bug, "(n)"),
	PLANTED(add_up_ok, "(n)"),
	{ NULL, NULL, 0, NULL },
};

int planted_add_workers(PyObject *module)
{
	return PyModule_AddFunctions(module, functions);
}
