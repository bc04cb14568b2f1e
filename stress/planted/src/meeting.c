/* meeting.c - where the threads of a case meet, so that all of them are at work at the same time. */
#include "planted.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/*
 * Meeting: run(function, *args) calls the function as soon as as many threads as FTSTRESS_THREADS
 * says have come here.
 *
 * Any other barrier orders each thread after what the others did before. A thread that is late
 * there, because the machine is busy, is then ordered after the whole work of the early ones, and no
 * race is left to be seen; looking up the function after the meeting would order them as well.
 * Relaxed atomics order nothing.
 */
struct meeting {
	PyObject_HEAD
	atomic_uint arrived;
	unsigned expected;
};

#define PATIENCE 5 /* seconds: a thread that failed does not come */

static PyObject *new_meeting(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kw))
{
	struct meeting *meeting = (struct meeting *)type->tp_alloc(type, 0);
	const char *threads = getenv("FTSTRESS_THREADS");
	if (meeting)
		meeting->expected = threads ? (unsigned)strtoul(threads, NULL, 10) : 1;
	return (PyObject *)meeting;
}

static void free_meeting(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);
	type->tp_free(self);
	Py_DECREF(type);
}

static void wait_for_all(struct meeting *meeting)
{
	time_t end = time(NULL) + PATIENCE;
	atomic_fetch_add_explicit(&meeting->arrived, 1, memory_order_relaxed);
	while (atomic_load_explicit(&meeting->arrived, memory_order_relaxed) < meeting->expected &&
	       time(NULL) < end)
		sched_yield();
}

static PyObject *run(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
	if (!count) {
		PyErr_SetString(PyExc_TypeError, "run() needs a function");
		return NULL;
	}
	/* A waiting thread must not keep the others from stopping the world. */
	Py_BEGIN_ALLOW_THREADS
	wait_for_all((struct meeting *)self);
	Py_END_ALLOW_THREADS
	return PyObject_Vectorcall(args[0], args + 1, (size_t)count - 1, NULL);
}

static PyMethodDef methods[] = {
	{ "run", (PyCFunction)(void (*)(void))run, METH_FASTCALL, "run(function, *args)" },
	{ NULL, NULL, 0, NULL },
};

static PyType_Slot slots[] = {
	{ Py_tp_new, new_meeting },
	{ Py_tp_dealloc, free_meeting },
	{ Py_tp_methods, methods },
	{ 0, NULL },
};

static PyType_Spec spec = {
	"planted.Meeting", sizeof(struct meeting), 0, Py_TPFLAGS_DEFAULT, slots
};

int planted_add_meeting(PyObject *module)
{
	return planted_add_type(module, &spec);
}
