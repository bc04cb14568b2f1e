/*
 * leaks.c - what is made and never given back. All of it is in Python's heap.
 */
#include "planted.h"

/* kept: a list for each call. Bug: a reference more than anybody drops. */
static PyObject *make_list(void)
{
	PyObject *list = PyList_New(3);
	for (Py_ssize_t i = 0; list && i < 3; i++)
		PyList_SET_ITEM(list, i, PyLong_FromLong(100000 + i));
	return list;
}

static PyObject *kept_bug(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	PyObject *list = make_list();
	return Py_XNewRef(list);
}

static PyObject *kept_ok(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	return make_list();
}

/* failed: a buffer for what is copied. Bug: it is not freed where the copy fails. */
static PyObject *copy_half(PyObject *text, int frees)
{
	Py_ssize_t size;
	const char *from = PyUnicode_AsUTF8AndSize(text, &size);
	char *copy = from ? PyMem_Malloc((size_t)size + 300) : NULL;
	if (!copy)
		return NULL;
	if (size % 2) {
		PyErr_SetString(PyExc_ValueError, "an even number of bytes expected");
		if (frees)
			PyMem_Free(copy);
		return NULL;
	}
	memcpy(copy, from, (size_t)size / 2);
	PyObject *half = PyUnicode_FromStringAndSize(copy, size / 2);
	PyMem_Free(copy);
	return half;
}

static PyObject *failed_bug(PyObject *Py_UNUSED(module), PyObject *text)
{
	return copy_half(text, 0);
}

static PyObject *failed_ok(PyObject *Py_UNUSED(module), PyObject *text)
{
	return copy_half(text, 1);
}

/* state: an object for each thread. Bug: nobody frees it when the thread ends. */
static __thread PyObject *state;

static PyObject *state_bug(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	if (!state)
		state = PyDict_New();
	return Py_XNewRef(state);
}

static PyObject *state_ok(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	PyObject *all = PyThreadState_GetDict(), *own = NULL,
		 *made = NULL; /* borrowed, no other's */
	PyObject *key = PyUnicode_InternFromString("planted.state");
	if (all && key && !PyDict_GetItemRef(all, key, &own) && (made = PyDict_New()) != NULL &&
	    !PyDict_SetItem(all, key, made))
		own = Py_NewRef(made);
	Py_XDECREF(made);
	Py_XDECREF(key);
	return own;
}

/* taken: an object is looked at. Bug: the reference for the time of the look is not dropped. */
static PyObject *taken_bug(PyObject *Py_UNUSED(module), PyObject *object)
{
	Py_INCREF(object);
	Py_RETURN_NONE;
}

static PyObject *taken_ok(PyObject *Py_UNUSED(module), PyObject *object)
{
	Py_INCREF(object);
	Py_DECREF(object);
	Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
	{ "taken_bug", taken_bug, METH_O, NULL },
	{ "taken_ok", taken_ok, METH_O, NULL },
	{ "kept_bug", kept_bug, METH_NOARGS, NULL },
	{ "kept_ok", kept_ok, METH_NOARGS, NULL },
	{ "failed_bug", failed_bug, METH_O, NULL },
	{ "failed_ok", failed_ok, METH_O, NULL },
	{ "state_bug", state_bug, METH_NOARGS, NULL },
	{ "state_ok", state_ok, METH_NOARGS, NULL },
	{ NULL, NULL, 0, NULL },
};

int planted_add_leaks(PyObject *module)
{
	return PyModule_AddFunctions(module, functions);
}
