/* counters.c - numbers that several threads count up. */
#include "planted.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

/*
 * hits: how often was this called?
 *
 * Bug: += on a static is a read and a write, and loses counts. Statistics that nobody thought of as
 * shared state: under the GIL the increment was atomic enough.
 */
static unsigned long hits_bug;
static atomic_ulong hits_ok;

static STEP void hit_bug(void)
{
	hits_bug++;
}

static STEP void hit_ok(void)
{
	atomic_fetch_add_explicit(&hits_ok, 1, memory_order_relaxed);
}

static PyObject *count_hits_bug(PyObject *Py_UNUSED(module), PyObject *const *args,
				Py_ssize_t count)
{
	long repeat;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++)
		hit_bug();
	return PyLong_FromUnsignedLong(hits_bug);
}

static PyObject *count_hits_ok(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	long repeat;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++)
		hit_ok();
	return PyLong_FromUnsignedLong(atomic_load(&hits_ok));
}

/*
 * share_handle: slices of an open file share its handle, which the last one closes.
 *
 * Bug: a reference count of one's own is a plain int, because "the GIL protects it". A lost
 * increment closes the handle under its users.
 */
struct handle {
	long refs;
	bool closed;
};

struct atomic_handle {
	atomic_long refs;
	bool closed;
};

static struct handle handle_bug = { .refs = 1 };
static struct atomic_handle handle_ok = { .refs = 1 };

static STEP void retain_bug(struct handle *handle)
{
	handle->refs++;
}

static STEP void retain_ok(struct atomic_handle *handle)
{
	atomic_fetch_add_explicit(&handle->refs, 1, memory_order_relaxed);
}

static PyObject *share_handle_bug(PyObject *Py_UNUSED(module), PyObject *const *args,
				  Py_ssize_t count)
{
	long repeat;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++)
		retain_bug(&handle_bug);
	Py_RETURN_NONE;
}

static PyObject *share_handle_ok(PyObject *Py_UNUSED(module), PyObject *const *args,
				 Py_ssize_t count)
{
	long repeat;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++)
		retain_ok(&handle_ok);
	Py_RETURN_NONE;
}

/* Gives references back; returns whether that has closed the handle. */
static PyObject *release_handle_bug(PyObject *Py_UNUSED(module), PyObject *const *args,
				    Py_ssize_t count)
{
	long repeat;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++)
		if (--handle_bug.refs == 0)
			handle_bug.closed = true;
	return PyBool_FromLong(handle_bug.closed);
}

static PyObject *release_handle_ok(PyObject *Py_UNUSED(module), PyObject *const *args,
				   Py_ssize_t count)
{
	long repeat;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++)
		if (atomic_fetch_sub_explicit(&handle_ok.refs, 1, memory_order_acq_rel) == 1)
			handle_ok.closed = true;
	return PyBool_FromLong(handle_ok.closed);
}

/*
 * totals: counters are atomic, and a report copies them all.
 *
 * Bug: the copy is a memcpy, which is not atomic: the copy can hold half of a counter. The writer's
 * side was made safe in the port to free threading, the reader's "only reads".
 */
struct totals {
	atomic_ulong requests, bytes;
};

static struct totals totals_bug, totals_ok;

static STEP void add_request(struct totals *totals)
{
	atomic_fetch_add_explicit(&totals->requests, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&totals->bytes, 512, memory_order_relaxed);
}

static STEP unsigned long read_totals_bug(void)
{
	unsigned long copy[2];
	memcpy(copy, (const void *)&totals_bug, sizeof copy);
	return copy[0] + copy[1];
}

static STEP unsigned long read_totals_ok(void)
{
	return atomic_load_explicit(&totals_ok.requests, memory_order_relaxed) +
	       atomic_load_explicit(&totals_ok.bytes, memory_order_relaxed);
}

static PyObject *count_totals_bug(PyObject *Py_UNUSED(module), PyObject *const *args,
				  Py_ssize_t count)
{
	long repeat;
	unsigned long seen = 0;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++) {
		add_request(&totals_bug);
		seen ^= read_totals_bug();
	}
	return PyLong_FromUnsignedLong(seen);
}

static PyObject *count_totals_ok(PyObject *Py_UNUSED(module), PyObject *const *args,
				 Py_ssize_t count)
{
	long repeat;
	unsigned long seen = 0;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++) {
		add_request(&totals_ok);
		seen ^= read_totals_ok();
	}
	return PyLong_FromUnsignedLong(seen);
}

static PyMethodDef functions[] = {
	PLANTED(count_hits_bug, "(repeat)"),
	PLANTED(count_hits_ok, "(repeat)"),
	PLANTED(share_handle_bug, "(repeat)"),
	PLANTED(share_handle_ok, "(repeat)"),
	PLANTED(release_handle_bug, "(repeat)"),
	PLANTED(release_handle_ok, "(repeat)"),
	PLANTED(count_totals_bug, "(repeat)"),
	PLANTED(count_totals_ok, "(repeat)"),
	{ NULL, NULL, 0, NULL },
};

int planted_add_counters(PyObject *module)
{
	return PyModule_AddFunctions(module, functions);
}
