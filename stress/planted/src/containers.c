/* containers.c - Python's containers, by the parts of the C API that lock nothing. */
#include "planted.h"

/* The arguments of all functions here: a container, and how often. */
static int parse(PyObject *const *args, Py_ssize_t count, PyTypeObject *type, long *repeat)
{
	if (count != 2 || !PyObject_TypeCheck(args[0], type)) {
		PyErr_Format(PyExc_TypeError, "a %s and a number expected", type->tp_name);
		return -1;
	}
	*repeat = PyLong_AsLong(args[1]);
	return PyErr_Occurred() ? -1 : 0;
}

/* The other side of each race, which is correct: writes the values of the keys 0, 1, 2 ... */
static PyObject *set_values(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	long repeat;
	if (parse(args, count, &PyDict_Type, &repeat))
		return NULL;
	Py_ssize_t size = PyDict_Size(args[0]);
	for (long i = 0; size && i < repeat; i++) {
		PyObject *key = PyLong_FromLong(i % size), *value = PyBool_FromLong(i / size % 2);
		int failed = key ? PyDict_SetItem(args[0], key, value) : -1;
		Py_XDECREF(key);
		if (failed)
			return NULL;
	}
	Py_RETURN_NONE;
}

/* The same for a list. */
static PyObject *set_items(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	long repeat;
	if (parse(args, count, &PyList_Type, &repeat))
		return NULL;
	Py_ssize_t size = PyList_Size(args[0]);
	for (long i = 0; size && i < repeat; i++)
		if (PyList_SetItem(args[0], i % size, PyBool_FromLong(i / size % 2)))
			return NULL;
	Py_RETURN_NONE;
}

/*
 * sum_values: the values of a dict, added.
 *
 * Bug: PyDict_Next takes no lock, and another thread writes the dict. The documentation asks for a
 * critical section around the loop; the loop is older than the sentence.
 */
static STEP long add_values(PyObject *dict)
{
	PyObject *value;
	Py_ssize_t position = 0;
	long sum = 0;
	while (PyDict_Next(dict, &position, NULL, &value))
		sum += PyLong_AsLong(value);
	return sum;
}

static PyObject *sum_values_bug(PyObject *Py_UNUSED(module), PyObject *const *args,
				Py_ssize_t count)
{
	long repeat, sum = 0;
	if (parse(args, count, &PyDict_Type, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++)
		sum += add_values(args[0]);
	return PyLong_FromLong(sum);
}

static PyObject *sum_values_ok(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	long repeat, sum = 0;
	if (parse(args, count, &PyDict_Type, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++) {
		Py_BEGIN_CRITICAL_SECTION(args[0]);
		sum += add_values(args[0]);
		Py_END_CRITICAL_SECTION();
	}
	return PyLong_FromLong(sum);
}

/*
 * sum_items: the items of a list, added.
 *
 * Bug: PyList_GET_ITEM reads the list's memory as it is and borrows the item, while another thread
 * replaces it. The fastest way to read a list, and the most common one.
 */
static STEP long add_item_bug(PyObject *list, Py_ssize_t index)
{
	return PyLong_AsLong(PyList_GET_ITEM(list, index));
}

static STEP long add_item_ok(PyObject *list, Py_ssize_t index)
{
	PyObject *item = PyList_GetItemRef(list, index);
	if (!item)
		return -1;
	long value = PyLong_AsLong(item);
	Py_DECREF(item);
	return value;
}

static PyObject *sum_items(long (*add_item)(PyObject *, Py_ssize_t), PyObject *const *args,
			   Py_ssize_t count)
{
	long repeat, sum = 0;
	if (parse(args, count, &PyList_Type, &repeat))
		return NULL;
	Py_ssize_t size = PyList_Size(args[0]);
	for (long i = 0; i < repeat; i++)
		for (Py_ssize_t item = 0; item < size; item++)
			sum += add_item(args[0], item);
	if (PyErr_Occurred())
		return NULL;
	return PyLong_FromLong(sum);
}

static PyObject *sum_items_bug(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	return sum_items(add_item_bug, args, count);
}

static PyObject *sum_items_ok(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	return sum_items(add_item_ok, args, count);
}

static PyMethodDef functions[] = {
	PLANTED(set_values, "(dict, repeat)"),
	PLANTED(set_items, "(list, repeat)"),
	PLANTED(sum_values_bug, "(dict, repeat)"),
	PLANTED(sum_values_ok, "(dict, repeat)"),
	PLANTED(sum_items_bug, "(list, repeat)"),
	PLANTED(sum_items_ok, "(list, repeat)"),
	{ NULL, NULL, 0, NULL },
};

int planted_add_containers(PyObject *module)
{
	return PyModule_AddFunctions(module, functions);
}
