/* statics.c - working storage that is static and should belong to the call or to the thread. */
#include "planted.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * sum_ids: names are made for numbers, and read back.
 *
 * Bug: the text is made in a static buffer, where another call writes its own before it is read. A
 * C helper that returns a string and lets nobody free it.
 */
#define NAME_BYTES 32

static STEP long read_back_bug(long number)
{
	static char text[NAME_BYTES];
	snprintf(text, sizeof text, "id-%ld", number);
	return strtol(text + 3, NULL, 10);
}

static STEP long read_back_ok(long number)
{
	char text[NAME_BYTES];
	snprintf(text, sizeof text, "id-%ld", number);
	return strtol(text + 3, NULL, 10);
}

static PyObject *sum_ids_bug(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	long numbers[2], sum = 0; /* first, repeat */
	if (planted_numbers(args, count, 2, numbers))
		return NULL;
	for (long i = 0; i < numbers[1]; i++)
		sum += read_back_bug(numbers[0] + i);
	return PyLong_FromLong(sum);
}

static PyObject *sum_ids_ok(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	long numbers[2], sum = 0;
	if (planted_numbers(args, count, 2, numbers))
		return NULL;
	for (long i = 0; i < numbers[1]; i++)
		sum += read_back_ok(numbers[0] + i);
	return PyLong_FromLong(sum);
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

static STEP int check_digit(struct error *last_error, char byte, Py_ssize_t position)
{
	int code = isdigit((unsigned char)byte) ? 0 : EINVAL;
	last_error->code = code;
	last_error->position = position;
	return code;
}

static PyObject *count_errors(struct error *last_error, PyObject *text)
{
	long errors = 0;
	if (!PyBytes_Check(text))
		return PyErr_Format(PyExc_TypeError, "bytes expected");
	for (Py_ssize_t i = 0; i < PyBytes_GET_SIZE(text); i++)
		errors += check_digit(last_error, PyBytes_AS_STRING(text)[i], i) != 0;
	return PyLong_FromLong(errors);
}

static PyObject *count_errors_bug(PyObject *Py_UNUSED(module), PyObject *text)
{
	return count_errors(&last_error_bug, text);
}

static PyObject *count_errors_ok(PyObject *Py_UNUSED(module), PyObject *text)
{
	return count_errors(&last_error_ok, text);
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

static PyObject *draw(uint64_t *state, PyObject *const *args, Py_ssize_t count)
{
	long repeat;
	uint64_t sum = 0;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++)
		sum += next_random(state);
	return PyLong_FromUnsignedLongLong(sum);
}

static PyObject *draw_bug(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	return draw(&random_state_bug, args, count);
}

static PyObject *draw_ok(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	return draw(&random_state_ok, args, count);
}

static PyMethodDef functions[] = {
	PLANTED(sum_ids_bug, "(first, repeat)"),
	PLANTED(sum_ids_ok, "(first, repeat)"),
	{ "count_errors_bug", count_errors_bug, METH_O, "count_errors_bug(bytes)" },
	{ "count_errors_ok", count_errors_ok, METH_O, "count_errors_ok(bytes)" },
	PLANTED(draw_bug, "(repeat)"),
	PLANTED(draw_ok, "(repeat)"),
	{ NULL, NULL, 0, NULL },
};

int planted_add_statics(PyObject *module)
{
	return PyModule_AddFunctions(module, functions);
}
