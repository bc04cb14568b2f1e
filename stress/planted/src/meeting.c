/* meeting.c - where the threads of a case meet, so that all of them are at work at the same time.
 */
#include "planted.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

/*
 * Meeting: run(function, *args) calls the function as soon as as many threads as FTSTRESS_THREADS
 * says have come here, and returns when all have done it.
 *
 * Any other barrier orders each thread after what the others did before. A thread that is late
 * there, because the machine is busy, is then ordered after the whole work of the early ones, and
 * no race is left to be seen. Relaxed atomics order nothing. Attaching to the interpreter and
 * looking up the function could, so both are done before the second wait. And of a thread that has
 * ended, the detector may have forgotten what it did, so none ends before all are done:
 *
 *     look up ── wait: all have come ── attach ── wait: all are attached ── call ── wait: all done
 *                (others may stop the world)      (nobody does anything)
 */
struct meeting {
	PyObject_HEAD atomic_uint come, attached, done;
	unsigned expected;
	bool gil; /* then one thread is attached at a time */
};

#define PATIENCE 5 /* seconds: a thread that failed does not come */

/* 1, 0, or -1 with an exception. */
static int gil_enabled(void)
{
	PyObject *ask = PySys_GetObject("_is_gil_enabled"); /* borrowed */
	PyObject *answer = ask ? PyObject_CallNoArgs(ask) : Py_NewRef(Py_True);
	int enabled = answer ? PyObject_IsTrue(answer) : -1;
	Py_XDECREF(answer);
	return enabled;
}

static PyObject *new_meeting(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kw))
{
	int gil = gil_enabled();
	struct meeting *meeting = gil < 0 ? NULL : (struct meeting *)type->tp_alloc(type, 0);
	const char *threads = getenv("FTSTRESS_THREADS");
	if (meeting) {
		meeting->gil = gil;
		meeting->expected = threads ? (unsigned)strtoul(threads, NULL, 10) : 1;
	}
	return (PyObject *)meeting;
}

static void free_meeting(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);
	type->tp_free(self);
	Py_DECREF(type);
}

static void wait_for_all(atomic_uint *here, unsigned expected)
{
	time_t end = time(NULL) + PATIENCE;
	atomic_fetch_add_explicit(here, 1, memory_order_relaxed);
	while (atomic_load_explicit(here, memory_order_relaxed) < expected && time(NULL) < end)
		sched_yield();
}

static PyObject *run(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
	struct meeting *meeting = (struct meeting *)self;
	if (!count) {
		PyErr_SetString(PyExc_TypeError, "run() needs a function");
		return NULL;
	}
	Py_BEGIN_ALLOW_THREADS wait_for_all(&meeting->come, meeting->expected);
	Py_END_ALLOW_THREADS if (!meeting->gil) wait_for_all(&meeting->attached, meeting->expected);
	PyObject *result = PyObject_Vectorcall(args[0], args + 1, (size_t)count - 1, NULL);
	Py_BEGIN_ALLOW_THREADS wait_for_all(&meeting->done, meeting->expected);
	Py_END_ALLOW_THREADS return result;
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

static PyType_Spec spec = { "planted.Meeting", sizeof(struct meeting), 0, Py_TPFLAGS_DEFAULT,
			    slots };

int planted_add_meeting(PyObject *module)
{
	return planted_add_type(module, &spec);
}
