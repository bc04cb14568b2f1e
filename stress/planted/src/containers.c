/* containers.c - Python's containers, by the parts of the C API that lock nothing. */
#include "planted.h"

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

static PyObject *sum_values_bug(PyObject *Py_UNUSED(module), PyObject *args)
{
	PyObject *dict;
	long repeat, sum = 0;
	if (!PyArg_ParseTuple(args, "O!l", &PyDict_Type, &dict, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++)
		sum += add_values(dict);
	return PyLong_FromLong(sum);
}

static PyObject *sum_values_ok(PyObject *Py_UNUSED(module), PyObject *args)
{
	PyObject *dict;
	long repeat, sum = 0;
	if (!PyArg_ParseTuple(args, "O!l", &PyDict_Type, &dict, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++) {
		Py_BEGIN_CRITICAL_SECTION(dict);
		sum += add_values(dict);
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

static PyObject *sum_items(long (*add_item)(PyObject *, Py_ssize_t), PyObject *args)
{
	PyObject *list;
	long repeat, sum = 0;
	if (!PyArg_ParseTuple(args, "O!l", &PyList_Type, &list, &repeat))
		return NULL;
	Py_ssize_t size = PyList_Size(list);
	for (long i = 0; i < repeat; i++)
		for (Py_ssize_t item = 0; item < size; item++)
			sum += add_item(list, item);
	if (PyErr_Occurred())
		return NULL;
	return PyLong_FromLong(sum);
}

static PyObject *sum_items_bug(PyObject *Py_UNUSED(module), PyObject *args)
{
	return sum_items(add_item_bug, args);
}

static PyObject *sum_items_ok(PyObject *Py_UNUSED(module), PyObject *args)
{
	return sum_items(add_item_ok, args);
}

static PyMethodDef functions[] = {
	{ "sum_values_bug", sum_values_bug, METH_VARARGS, "sum_values_bug(dict, repeat)" },
	{ "sum_values_ok", sum_values_ok, METH_VARARGS, "sum_values_ok(dict, repeat)" },
	{ "sum_items_bug", sum_items_bug, METH_VARARGS, "sum_items_bug(list, repeat)" },
	{ "sum_items_ok", sum_items_ok, METH_VARARGS, "sum_items_ok(list, repeat)" },
	{ NULL, NULL, 0, NULL },
};

int planted_add_containers(PyObject *module)
{
	return PyModule_AddFunctions(module, functions);
}
