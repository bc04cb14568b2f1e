/* statics.c - working storage that is static and should belong to the call or to the thread. */
#include "planted.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>

/*
 * format_ids: names for numbers.
 *
 * Bug: the text is made in a static buffer, where another call writes its own before it is copied.
 * A C helper that returns a string and lets nobody free it.
 */
#define NAME_BYTES 32

static const char *name_of_bug(long number)
{
	static char text[NAME_BYTES];
	snprintf(text, sizeof text, "id-%ld", number);
	return text;
}

static const char *name_of_ok(long number, char text[NAME_BYTES])
{
	snprintf(text, NAME_BYTES, "id-%ld", number);
	return text;
}

/* Steals `name`. */
static int append_name(PyObject *list, PyObject *name)
{
	int failed = name ? PyList_Append(list, name) : -1;
	Py_XDECREF(name);
	return failed;
}

static PyObject *format_ids_bug(PyObject *Py_UNUSED(module), PyObject *args)
{
	long first, count;
	if (!PyArg_ParseTuple(args, "ll", &first, &count))
		return NULL;
	PyObject *list = PyList_New(0);
	for (long i = 0; list && i < count; i++)
		if (append_name(list, PyUnicode_FromString(name_of_bug(first + i))))
			Py_CLEAR(list);
	return list;
}

static PyObject *format_ids_ok(PyObject *Py_UNUSED(module), PyObject *args)
{
	long first, count;
	char text[NAME_BYTES];
	if (!PyArg_ParseTuple(args, "ll", &first, &count))
		return NULL;
	PyObject *list = PyList_New(0);
	for (long i = 0; list && i < count; i++)
		if (append_name(list, PyUnicode_FromString(name_of_ok(first + i, text))))
			Py_CLEAR(list);
	return list;
}

/*
 * count_errors: how many bytes of a text are no digits.
 *
 * Bug: the details of an error are left in a global, errno's way, and are the ones of another
 * thread when they are read. From wrapped libraries with a get_last_error().
 */
struct error {
	int code;
	Py_ssize_t position;
};

static struct error last_error_bug;
static _Thread_local struct error last_error_ok;

static STEP void check_digit(struct error *last_error, const char *text, Py_ssize_t position)
{
	last_error->code = isdigit((unsigned char)text[position]) ? 0 : 22;
	last_error->position = position;
}

static STEP int was_error(const struct error *last_error, Py_ssize_t position)
{
	return last_error->code != 0 && last_error->position == position;
}

static PyObject *count_errors(struct error *last_error, PyObject *args)
{
	const char *text;
	Py_ssize_t length;
	long errors = 0;
	if (!PyArg_ParseTuple(args, "y#", &text, &length))
		return NULL;
	for (Py_ssize_t i = 0; i < length; i++) {
		check_digit(last_error, text, i);
		errors += was_error(last_error, i);
	}
	return PyLong_FromLong(errors);
}

static PyObject *count_errors_bug(PyObject *Py_UNUSED(module), PyObject *args)
{
	return count_errors(&last_error_bug, args);
}

static PyObject *count_errors_ok(PyObject *Py_UNUSED(module), PyObject *args)
{
	return count_errors(&last_error_ok, args);
}

/*
 * draw: sums of pseudo-random numbers.
 *
 * Bug: the generator's state is one for the module, so threads draw the same numbers and tear the
 * state. srand() and its like, brought along with the C code.
 */
static uint64_t random_state_bug = 88172645463325252u;
static _Thread_local uint64_t random_state_ok = 88172645463325252u;

static STEP uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static PyObject *draw(uint64_t *state, PyObject *args)
{
	long repeat;
	uint64_t sum = 0;
	if (!PyArg_ParseTuple(args, "l", &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++)
		sum += next_random(state);
	return PyLong_FromUnsignedLongLong(sum);
}

static PyObject *draw_bug(PyObject *Py_UNUSED(module), PyObject *args)
{
	return draw(&random_state_bug, args);
}

static PyObject *draw_ok(PyObject *Py_UNUSED(module), PyObject *args)
{
	return draw(&random_state_ok, args);
}

static PyMethodDef functions[] = {
	{ "format_ids_bug", format_ids_bug, METH_VARARGS, "format_ids_bug(first, count)" },
	{ "format_ids_ok", format_ids_ok, METH_VARARGS, "format_ids_ok(first, count)" },
	{ "count_errors_bug", count_errors_bug, METH_VARARGS, "count_errors_bug(text)" },
	{ "count_errors_ok", count_errors_ok, METH_VARARGS, "count_errors_ok(text)" },
	{ "draw_bug", draw_bug, METH_VARARGS, "draw_bug(repeat)" },
	{ "draw_ok", draw_ok, METH_VARARGS, "draw_ok(repeat)" },
	{ NULL, NULL, 0, NULL },
};

int planted_add_statics(PyObject *module)
{
	return PyModule_AddFunctions(module, functions);
}
