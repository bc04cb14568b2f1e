/*
 * borrowed.c - references that are borrowed from a container, which another thread changes.
 *
 * Each function gets a container and a key or an index. The container's own lock is held during each call,
 * so nothing of this is a race in memory.
 */
#include "planted.h"

static PyObject *size_of(PyObject *item)
{
	if (!PyList_Check(item))
		return PyErr_Format(PyExc_TypeError, "a list expected");
	return PyLong_FromSsize_t(PyList_GET_SIZE(item));
}

static int expect_two(Py_ssize_t count)
{
	if (count == 2)
		return 0;
	PyErr_SetString(PyExc_TypeError, "a container and a key expected");
	return -1;
}

#define FUNCTION(name)                                                                             \
	static PyObject *name(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)

/* value: what a dict has for a key. Bug: the reference is taken when the dict may have another value. */
FUNCTION(value_bug)
{
	PyObject *value = expect_two(count) ? NULL : PyDict_GetItemWithError(args[0], args[1]);
	return value ? Py_NewRef(value) : PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

FUNCTION(value_ok)
{
	PyObject *value = NULL;
	if (expect_two(count) || PyDict_GetItemRef(args[0], args[1], &value) < 0)
		return NULL;
	return value ? value : Py_NewRef(Py_None);
}

/* The same as the bug, under the dict's lock. */
FUNCTION(value_section_ok)
{
	PyObject *value = NULL;
	if (expect_two(count))
		return NULL;
	Py_BEGIN_CRITICAL_SECTION(args[0]);
	value = Py_XNewRef(PyDict_GetItemWithError(args[0], args[1]));
	Py_END_CRITICAL_SECTION();
	return value ? value : PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

/* late: the size of a value. Bug: the lock is given back before the value is looked at. */
FUNCTION(late_bug)
{
	PyObject *value = NULL;
	if (expect_two(count))
		return NULL;
	Py_BEGIN_CRITICAL_SECTION(args[0]);
	value = PyDict_GetItemWithError(args[0], args[1]);
	Py_END_CRITICAL_SECTION();
	return value ? size_of(value) : PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

FUNCTION(late_ok)
{
	PyObject *value = NULL, *size = NULL;
	if (expect_two(count))
		return NULL;
	Py_BEGIN_CRITICAL_SECTION(args[0]);
	value = PyDict_GetItemWithError(args[0], args[1]);
	size = value ? size_of(value) : NULL;
	Py_END_CRITICAL_SECTION();
	return size || PyErr_Occurred() ? size : Py_NewRef(Py_None);
}

/* item: the size of an item of a list. Bug: the list may let it go meanwhile. */
FUNCTION(item_bug)
{
	PyObject *item = expect_two(count) ? NULL : PyList_GetItem(args[0], PyLong_AsLong(args[1]));
	return item ? size_of(item) : NULL;
}

FUNCTION(item_ok)
{
	PyObject *item =
		expect_two(count) ? NULL : PyList_GetItemRef(args[0], PyLong_AsLong(args[1]));
	PyObject *size = item ? size_of(item) : NULL;
	Py_XDECREF(item);
	return size;
}

/* collect: a list of what a dict has for a key. Bug: PyList_Append() takes the reference, too late. */
FUNCTION(collect_bug)
{
	PyObject *list = expect_two(count) ? NULL : PyList_New(0);
	PyObject *value = list ? PyDict_GetItemWithError(args[0], args[1]) : NULL;
	if (value && PyList_Append(list, value))
		Py_CLEAR(list);
	return list;
}

FUNCTION(collect_ok)
{
	PyObject *list = expect_two(count) ? NULL : PyList_New(0), *value = NULL;
	if (list && PyDict_GetItemRef(args[0], args[1], &value) > 0 && PyList_Append(list, value))
		Py_CLEAR(list);
	Py_XDECREF(value);
	return list;
}

/* default: PyDict_SetDefault() borrows, too. */
FUNCTION(default_bug)
{
	PyObject *list = expect_two(count) ? NULL : PyList_New(0);
	PyObject *value = list ? PyDict_SetDefault(args[0], args[1], list) : NULL;
	Py_XDECREF(list);
	return value ? size_of(value) : NULL;
}

FUNCTION(default_ok)
{
	PyObject *list = expect_two(count) ? NULL : PyList_New(0), *value = NULL, *size = NULL;
	if (list && PyDict_SetDefaultRef(args[0], args[1], list, &value) >= 0)
		size = size_of(value);
	Py_XDECREF(value);
	Py_XDECREF(list);
	return size;
}

/* referent: what a weak reference leads to. Bug: the object may end meanwhile. */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
#if PY_VERSION_HEX >= 0x030f0000 /* there for what was compiled before, no longer declared */
PyAPI_FUNC(PyObject *) PyWeakref_GetObject(PyObject *reference);
#endif
FUNCTION(referent_bug)
{
	PyObject *object = expect_two(count) ? NULL : PyWeakref_GetObject(args[0]);
	return object ? PyBool_FromLong(Py_TYPE(object) == (PyTypeObject *)args[1]) : NULL;
}
#pragma clang diagnostic pop

FUNCTION(referent_ok)
{
	PyObject *object = NULL;
	if (expect_two(count) || PyWeakref_GetRef(args[0], &object) < 0)
		return NULL;
	PyObject *result = PyBool_FromLong(object && Py_TYPE(object) == (PyTypeObject *)args[1]);
	Py_XDECREF(object);
	return result;
}

/* Whether there is one: it is not used. */
FUNCTION(has_ok)
{
	return expect_two(count)
		       ? NULL
		       : PyBool_FromLong(PyDict_GetItemWithError(args[0], args[1]) != NULL);
}

/* If there is one, it is got again, with a reference. */
FUNCTION(again_ok)
{
	if (expect_two(count))
		return NULL;
	if (!PyDict_GetItemWithError(args[0], args[1]))
		return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
	PyObject *value = PyObject_GetItem(args[0], args[1]);
	PyObject *size = value ? size_of(value) : NULL;
	Py_XDECREF(value);
	return size;
}

/* Under a lock of the extension's own, which is held by those who change the dict, too. */
static PyMutex guard;

FUNCTION(guarded_ok)
{
	PyObject *value = NULL;
	if (expect_two(count))
		return NULL;
	PyMutex_Lock(&guard);
	value = Py_XNewRef(PyDict_GetItemWithError(args[0], args[1]));
	PyMutex_Unlock(&guard);
	return value ? value : PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

FUNCTION(guarded_set)
{
	PyObject *list = expect_two(count) ? NULL : PyList_New(1);
	if (!list)
		return NULL;
	PyList_SET_ITEM(list, 0, Py_NewRef(Py_None));
	PyMutex_Lock(&guard);
	int failed = PyDict_SetItem(args[0], args[1], list);
	PyMutex_Unlock(&guard);
	Py_DECREF(list);
	return failed ? NULL : Py_NewRef(Py_None);
}

/* What a function has borrowed that returned, its caller has not. */
FUNCTION(returned_ok)
{
	PyObject *value = NULL;
	if (expect_two(count))
		return NULL;
	if (PyDict_GetItemWithError(args[0], args[1]) &&
	    PyDict_GetItemRef(args[0], args[1], &value) < 0)
		return NULL;
	return value ? value : Py_NewRef(Py_None);
}

static PyMethodDef functions[] = {
	PLANTED(value_bug, "(dict, key)"),
	PLANTED(value_ok, "(dict, key)"),
	PLANTED(value_section_ok, "(dict, key)"),
	PLANTED(late_bug, "(dict, key)"),
	PLANTED(late_ok, "(dict, key)"),
	PLANTED(item_bug, "(list, index)"),
	PLANTED(item_ok, "(list, index)"),
	PLANTED(collect_bug, "(dict, key)"),
	PLANTED(collect_ok, "(dict, key)"),
	PLANTED(default_bug, "(dict, key)"),
	PLANTED(default_ok, "(dict, key)"),
	PLANTED(referent_bug, "(reference, type)"),
	PLANTED(referent_ok, "(reference, type)"),
	PLANTED(has_ok, "(dict, key)"),
	PLANTED(again_ok, "(dict, key)"),
	PLANTED(guarded_ok, "(dict, key)"),
	PLANTED(guarded_set, "(dict, key)"),
	PLANTED(returned_ok, "(dict, key)"),
	{ NULL, NULL, 0, NULL },
};

int planted_add_borrowed(PyObject *module)
{
	return PyModule_AddFunctions(module, functions);
}
