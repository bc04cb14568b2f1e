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

static PyObject *add_up(void (*wait)(struct job *, pthread_t), PyObject *args)
{
	pthread_t thread;
	struct job *job = calloc(1, sizeof *job);
	if (!job)
		return PyErr_NoMemory();
	if (!PyArg_ParseTuple(args, "l", &job->n)) {
		free(job);
		return NULL;
	}
	errno = pthread_create(&thread, NULL, work, job);
	if (errno) {
		free(job);
		return PyErr_SetFromErrno(PyExc_OSError);
	}
	Py_BEGIN_ALLOW_THREADS
	wait(job, thread);
	Py_END_ALLOW_THREADS
	PyObject *sum = PyLong_FromLong(job->sum);
	free(job);
	return sum;
}

static PyObject *add_up_bug(PyObject *Py_UNUSED(module), PyObject *args)
{
	return add_up(wait_bug, args);
}

static PyObject *add_up_ok(PyObject *Py_UNUSED(module), PyObject *args)
{
	return add_up(wait_ok, args);
}

static PyMethodDef functions[] = {
	{ "add_up_bug", add_up_bug, METH_VARARGS, "add_up_bug(n)" },
	{ "add_up_ok", add_up_ok, METH_VARARGS, "add_up_ok(n)" },
	{ NULL, NULL, 0, NULL },
};

int planted_add_workers(PyObject *module)
{
	return PyModule_AddFunctions(module, functions);
}
