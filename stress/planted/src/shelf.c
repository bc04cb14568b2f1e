/* shelf.c - two bugs below one function, one bug below two functions: the header's code decides. */
#include "shelf.h"

/*
 * shelf: a table, and a counter of its uses.
 *
 * Bug: nobody locks. store_bug() races on the table and on the counter, look_up_bug() on the counter
 * alone: that makes two findings.
 */
static struct shelf *shelf_bug, *shelf_ok;

static STEP void store(struct shelf *shelf, long what)
{
	shelf_put(shelf, what);
	shelf_tally(shelf);
}

static PyObject *store_bug(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	long repeat;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++)
		store(shelf_bug, i);
	Py_RETURN_NONE;
}

static PyObject *look_up_bug(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	long repeat;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++)
		shelf_tally(shelf_bug);
	Py_RETURN_NONE;
}

static PyObject *store_ok(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	long repeat;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++) {
		PyMutex_Lock(&shelf_ok->lock);
		store(shelf_ok, i);
		PyMutex_Unlock(&shelf_ok->lock);
	}
	Py_RETURN_NONE;
}

static PyObject *look_up_ok(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	long repeat;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++) {
		PyMutex_Lock(&shelf_ok->lock);
		shelf_tally(shelf_ok);
		PyMutex_Unlock(&shelf_ok->lock);
	}
	Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
	PLANTED(store_bug, "(repeat)"), PLANTED(look_up_bug, "(repeat)"),
	PLANTED(store_ok, "(repeat)"),  PLANTED(look_up_ok, "(repeat)"),
	{ NULL, NULL, 0, NULL },
};

int planted_add_shelf(PyObject *module)
{
	shelf_bug = PyMem_Calloc(1, sizeof *shelf_bug);
	shelf_ok = PyMem_Calloc(1, sizeof *shelf_ok);
	if (!shelf_bug || !shelf_ok) {
		PyErr_NoMemory();
		return -1;
	}
	return PyModule_AddFunctions(module, functions);
}
