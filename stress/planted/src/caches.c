/* caches.c - values that are computed once and kept in static variables. */
#include "planted.h"

#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/*
 * crc: a table of remainders, computed at the first call.
 *
 * Bug: two first calls fill the table at once, and a third sees the flag before the table. Copied
 * from C libraries that were written for one thread; the GIL hid it.
 */
struct crc_table {
	bool filled;
	uint32_t remainder[256];
};

static struct crc_table crc_table_bug, crc_table_ok;
static PyMutex crc_lock;

/* The remainder of one byte: what the table holds. */
static uint32_t crc_remainder(uint32_t byte)
{
	for (int bit = 0; bit < 8; bit++)
		byte = byte & 1 ? 0xedb88320u ^ (byte >> 1) : byte >> 1;
	return byte;
}

static PyObject *crc_bug(PyObject *Py_UNUSED(module), PyObject *data)
{
	struct crc_table *table = &crc_table_bug;
	uint32_t crc = 0xffffffffu;
	if (!PyBytes_Check(data))
		return PyErr_Format(PyExc_TypeError, "bytes expected");
	if (!table->filled) {
		for (uint32_t i = 0; i < 256; i++)
			table->remainder[i] = crc_remainder(i);
		table->filled = true;
	}
	for (Py_ssize_t i = 0; i < PyBytes_GET_SIZE(data); i++) {
		unsigned char byte = (unsigned char)PyBytes_AS_STRING(data)[i];
		crc = table->remainder[(crc ^ byte) & 0xff] ^ (crc >> 8);
	}
	return PyLong_FromUnsignedLong(crc ^ 0xffffffffu);
}

static PyObject *crc_ok(PyObject *Py_UNUSED(module), PyObject *data)
{
	struct crc_table *table = &crc_table_ok;
	uint32_t crc = 0xffffffffu;
	if (!PyBytes_Check(data))
		return PyErr_Format(PyExc_TypeError, "bytes expected");
	PyMutex_Lock(&crc_lock);
	if (!table->filled) {
		for (uint32_t i = 0; i < 256; i++)
			table->remainder[i] = crc_remainder(i);
		table->filled = true;
	}
	PyMutex_Unlock(&crc_lock);
	for (Py_ssize_t i = 0; i < PyBytes_GET_SIZE(data); i++) {
		unsigned char byte = (unsigned char)PyBytes_AS_STRING(data)[i];
		crc = table->remainder[(crc ^ byte) & 0xff] ^ (crc >> 8);
	}
	return PyLong_FromUnsignedLong(crc ^ 0xffffffffu);
}

/*
 * sines: tables by resolution, each made when it is first asked for, under a lock.
 *
 * Bug: double-checked locking. The first look is outside of the lock and plain, so the pointer can
 * be seen before what it points to. Added because the lock showed up in a profile.
 */
#define RESOLUTIONS 64u

static double *sines_bug[RESOLUTIONS];
static double *_Atomic sines_ok[RESOLUTIONS];
static PyMutex sines_lock_bug, sines_lock_ok;

static double *new_sines(unsigned resolution)
{
	double *table = malloc((resolution + 1) * sizeof *table);
	if (!table)
		abort();
	for (unsigned i = 0; i <= resolution; i++)
		table[i] = sin(i / (resolution + 1.0));
	return table;
}

static STEP double get_sine_bug(unsigned resolution)
{
	if (!sines_bug[resolution]) {
		PyMutex_Lock(&sines_lock_bug);
		if (!sines_bug[resolution])
			sines_bug[resolution] = new_sines(resolution);
		PyMutex_Unlock(&sines_lock_bug);
	}
	return sines_bug[resolution][resolution];
}

static STEP double get_sine_ok(unsigned resolution)
{
	double *table = atomic_load_explicit(&sines_ok[resolution], memory_order_acquire);
	if (!table) {
		PyMutex_Lock(&sines_lock_ok);
		table = atomic_load_explicit(&sines_ok[resolution], memory_order_relaxed);
		if (!table) {
			table = new_sines(resolution);
			atomic_store_explicit(&sines_ok[resolution], table, memory_order_release);
		}
		PyMutex_Unlock(&sines_lock_ok);
	}
	return table[resolution];
}

static PyObject *sum_sines_bug(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	long first;
	double sum = 0;
	if (planted_numbers(args, count, 1, &first))
		return NULL;
	for (unsigned i = 0; i < 2 * RESOLUTIONS; i++)
		sum += get_sine_bug(((unsigned)first + i) % RESOLUTIONS);
	return PyFloat_FromDouble(sum);
}

static PyObject *sum_sines_ok(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	long first;
	double sum = 0;
	if (planted_numbers(args, count, 1, &first))
		return NULL;
	for (unsigned i = 0; i < 2 * RESOLUTIONS; i++)
		sum += get_sine_ok(((unsigned)first + i) % RESOLUTIONS);
	return PyFloat_FromDouble(sum);
}

/*
 * memo: the last argument and its result are kept, for callers that ask again.
 *
 * Bug: another thread writes between the comparison and the return, so the result of one argument
 * comes back for another. A one-entry memo looks too small to need a lock.
 */
struct memo {
	double argument, result;
};

static struct memo memo_bug;
static _Thread_local struct memo memo_ok;

static STEP double remember(struct memo *memo, double argument)
{
	if (memo->argument != argument) {
		memo->argument = argument;
		memo->result = argument * argument;
	}
	return memo->result;
}

static PyObject *sum_squares(struct memo *memo, PyObject *const *args, Py_ssize_t count)
{
	long numbers[2]; /* first, repeat */
	double sum = 0;
	if (planted_numbers(args, count, 2, numbers))
		return NULL;
	for (long i = 0; i < numbers[1]; i++)
		sum += remember(memo, (double)(numbers[0] + i / 2));
	return PyFloat_FromDouble(sum);
}

static PyObject *sum_squares_bug(PyObject *Py_UNUSED(module), PyObject *const *args,
				 Py_ssize_t count)
{
	return sum_squares(&memo_bug, args, count);
}

static PyObject *sum_squares_ok(PyObject *Py_UNUSED(module), PyObject *const *args,
				Py_ssize_t count)
{
	return sum_squares(&memo_ok, args, count);
}

static PyMethodDef functions[] = {
	{ "crc_bug", crc_bug, METH_O, "crc_bug(bytes)" },
	{ "crc_ok", crc_ok, METH_O, "crc_ok(bytes)" },
	PLANTED(sum_sines_bug, "(first)"),
	PLANTED(sum_sines_ok, "(first)"),
	PLANTED(sum_squares_bug, "(first, repeat)"),
	PLANTED(sum_squares_ok, "(first, repeat)"),
	{ NULL, NULL, 0, NULL },
};

int planted_add_caches(PyObject *module)
{
	return PyModule_AddFunctions(module, functions);
}
