/*
 * capsules.c - a meter that is no object of a type: functions hand out a pointer in a capsule, and take it
 * back. meter_add_bug() takes no lock.
 */
#include "planted_pairs.h"

struct meter {
	PyMutex lock;
	bool started;
	long total;
};

#define BUG "planted_pairs.meter_bug"
#define OK "planted_pairs.meter_ok"

static void meter_end(PyObject *capsule)
{
	free(PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule)));
}

static PyObject *meter_new(const char *name)
{
	struct meter *meter = calloc(1, sizeof *meter);
	PyObject *capsule = meter ? PyCapsule_New(meter, name, meter_end) : PyErr_NoMemory();
	if (!capsule)
		free(meter);
	return capsule;
}

/* What is behind the capsule, locked if it is the correct one. */
static struct meter *meter_of(PyObject *capsule, const char *name)
{
	struct meter *meter = PyCapsule_GetPointer(capsule, name);
	if (meter && strcmp(name, OK) == 0)
		PyMutex_Lock(&meter->lock);
	return meter;
}

static void meter_done(struct meter *meter, const char *name)
{
	if (strcmp(name, OK) == 0)
		PyMutex_Unlock(&meter->lock);
}

static PyObject *meter_start(PyObject *capsule, const char *name)
{
	struct meter *meter = meter_of(capsule, name);
	if (!meter)
		return NULL;
	meter->started = true;
	meter_done(meter, name);
	return Py_NewRef(Py_None);
}

static PyObject *meter_add(PyObject *capsule, const char *name)
{
	struct meter *meter = meter_of(capsule, name);
	if (!meter)
		return NULL;
	bool started = meter->started;
	if (started)
		meter->total++;
	meter_done(meter, name);
	if (started)
		return Py_NewRef(Py_None);
	PyErr_SetString(PyExc_ValueError, "the meter was not started");
	return NULL;
}

static PyObject *meter_new_bug(PyObject *module, PyObject *unused)
{
	return meter_new(BUG);
}

static PyObject *meter_new_ok(PyObject *module, PyObject *unused)
{
	return meter_new(OK);
}

static PyObject *meter_start_bug(PyObject *module, PyObject *capsule)
{
	return meter_start(capsule, BUG);
}

static PyObject *meter_start_ok(PyObject *module, PyObject *capsule)
{
	return meter_start(capsule, OK);
}

static PyObject *meter_add_bug(PyObject *module, PyObject *capsule)
{
	return meter_add(capsule, BUG);
}

static PyObject *meter_add_ok(PyObject *module, PyObject *capsule)
{
	return meter_add(capsule, OK);
}

int add_capsules(PyObject *module)
{
	static PyMethodDef functions[] = {
		ENTRY(meter_new_bug, METH_NOARGS),
		ENTRY(meter_new_ok, METH_NOARGS),
		ENTRY(meter_start_bug, METH_O),
		ENTRY(meter_start_ok, METH_O),
		ENTRY(meter_add_bug, METH_O),
		ENTRY(meter_add_ok, METH_O),
		{ 0 },
	};
	return PyModule_AddFunctions(module, functions);
}
