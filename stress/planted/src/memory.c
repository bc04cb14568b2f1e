/*
 * memory.c - memory that one thread frees while another one uses it, that is freed twice, or by a function
 * of another allocator.
 *
 * What is only used when it is free does no harm: it is not looked at, and the block stays mapped.
 */
#include "planted.h"

#include <sched.h>
#include <stdlib.h>

enum { CHUNK = 200 };

/*
 * Names: the last of the names that were given to it.
 *
 * Bug: initial() borrows the name from the object, and uses it when the critical section is over;
 * another thread gives a new name, and the old one is freed.
 */
struct names {
	PyObject_HEAD PyObject *last; /* bytes */
	char *chunk;                  /* of malloc() */
};

static PyObject *new_names(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kw))
{
	struct names *names = (struct names *)type->tp_alloc(type, 0);
	if (!names)
		return NULL;
	names->last = PyBytes_FromStringAndSize(NULL, CHUNK);
	names->chunk = calloc(CHUNK, 1);
	if (names->last && names->chunk)
		return (PyObject *)names;
	Py_DECREF(names);
	return PyErr_NoMemory();
}

static void free_names(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);
	Py_XDECREF(((struct names *)self)->last);
	free(((struct names *)self)->chunk);
	type->tp_free(self);
	Py_DECREF(type);
}

static STEP char first_of(const char *text)
{
	return text[0];
}

static STEP char initial_bug(struct names *names)
{
	PyObject *last;
	Py_BEGIN_CRITICAL_SECTION(names);
	last = names->last;
	Py_END_CRITICAL_SECTION();
	return first_of(PyBytes_AS_STRING(last));
}

static STEP char initial_ok(struct names *names)
{
	PyObject *last;
	Py_BEGIN_CRITICAL_SECTION(names);
	last = Py_NewRef(names->last);
	Py_END_CRITICAL_SECTION();
	char first = first_of(PyBytes_AS_STRING(last));
	Py_DECREF(last);
	return first;
}

static PyObject *set_name(PyObject *self, PyObject *name)
{
	if (!PyBytes_Check(name))
		return PyErr_Format(PyExc_TypeError, "bytes expected");
	PyObject *old;
	Py_BEGIN_CRITICAL_SECTION(self);
	old = ((struct names *)self)->last;
	((struct names *)self)->last = Py_NewRef(name);
	Py_END_CRITICAL_SECTION();
	Py_DECREF(old);
	Py_RETURN_NONE;
}

static PyObject *get_initial_bug(PyObject *self, PyObject *Py_UNUSED(none))
{
	return PyLong_FromLong(initial_bug((struct names *)self));
}

static PyObject *get_initial_ok(PyObject *self, PyObject *Py_UNUSED(none))
{
	return PyLong_FromLong(initial_ok((struct names *)self));
}

/* The same with a block of C's malloc(): the bug looks at it outside of the critical section. */
static STEP char look_bug(struct names *names)
{
	const char *chunk;
	Py_BEGIN_CRITICAL_SECTION(names);
	chunk = names->chunk;
	Py_END_CRITICAL_SECTION();
	return first_of(chunk);
}

static STEP char look_ok(struct names *names)
{
	char first;
	Py_BEGIN_CRITICAL_SECTION(names);
	first = first_of(names->chunk);
	Py_END_CRITICAL_SECTION();
	return first;
}

static PyObject *renew(PyObject *self, PyObject *Py_UNUSED(none))
{
	char *fresh = calloc(CHUNK, 1), *old;
	if (!fresh)
		return PyErr_NoMemory();
	Py_BEGIN_CRITICAL_SECTION(self);
	old = ((struct names *)self)->chunk;
	((struct names *)self)->chunk = fresh;
	Py_END_CRITICAL_SECTION();
	free(old);
	Py_RETURN_NONE;
}

static PyObject *get_look_bug(PyObject *self, PyObject *Py_UNUSED(none))
{
	return PyLong_FromLong(look_bug((struct names *)self));
}

static PyObject *get_look_ok(PyObject *self, PyObject *Py_UNUSED(none))
{
	return PyLong_FromLong(look_ok((struct names *)self));
}

/*
 * Closing: a block of PyMem_Malloc(), which close() gives back.
 *
 * Bug: close() looks at the pointer under the lock, and clears it later, when the block is gone. That two
 * threads come between is not left to chance: close_bug() waits there for the other one.
 */
struct closing {
	PyObject_HEAD void *block;
	unsigned closers;
};

static PyObject *new_closing(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kw))
{
	struct closing *closing = (struct closing *)type->tp_alloc(type, 0);
	if (closing)
		closing->block = PyMem_Malloc(CHUNK);
	return (PyObject *)closing;
}

static void free_closing(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);
	PyMem_Free(((struct closing *)self)->block);
	type->tp_free(self);
	Py_DECREF(type);
}

/* Waits a little for another thread to have come as far; returns whether one has. */
static int both_are_here(unsigned *here)
{
	__atomic_fetch_add(here, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 2000 && __atomic_load_n(here, __ATOMIC_RELAXED) < 2; i++) {
		Py_BEGIN_ALLOW_THREADS sched_yield();
		Py_END_ALLOW_THREADS
	}
	return __atomic_load_n(here, __ATOMIC_RELAXED) == 2;
}

static PyObject *close_bug(PyObject *self, PyObject *Py_UNUSED(none))
{
	struct closing *closing = (struct closing *)self;
	void *block = __atomic_load_n(&closing->block, __ATOMIC_RELAXED);
	if (!block)
		Py_RETURN_NONE;
	int both = both_are_here(&closing->closers);
	PyMem_Free(block);
	__atomic_store_n(&closing->block, NULL, __ATOMIC_RELAXED);
	return PyBool_FromLong(both);
}

static PyObject *close_ok(PyObject *self, PyObject *Py_UNUSED(none))
{
	struct closing *closing = (struct closing *)self;
	PyMem_Free(__atomic_exchange_n(&closing->block, NULL, __ATOMIC_RELAXED));
	Py_RETURN_NONE;
}

static PyMethodDef closing_methods[] = {
	{ "close_bug", close_bug, METH_NOARGS, "close_bug()" },
	{ "close_ok", close_ok, METH_NOARGS, "close_ok()" },
	{ NULL, NULL, 0, NULL },
};

static PyType_Slot closing_slots[] = {
	{ Py_tp_new, new_closing },
	{ Py_tp_dealloc, free_closing },
	{ Py_tp_methods, closing_methods },
	{ 0, NULL },
};

static PyType_Spec closing_spec = { "planted.Closing", sizeof(struct closing), 0,
				    Py_TPFLAGS_DEFAULT, closing_slots };

/* Each allocator with the free of another one; and with its own, beginning and end of a life. */
static PyObject *free_object_as_memory_bug(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	PyMem_Free(PyObject_Malloc(CHUNK));
	Py_RETURN_NONE;
}

static PyObject *free_memory_as_object_bug(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	PyObject_Free(PyMem_Malloc(CHUNK));
	Py_RETURN_NONE;
}

static PyObject *free_malloc_as_memory_bug(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	PyMem_Free(malloc(CHUNK));
	Py_RETURN_NONE;
}

static PyObject *free_memory_as_raw_bug(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	PyMem_RawFree(PyMem_Malloc(CHUNK));
	Py_RETURN_NONE;
}

static PyObject *free_inside_bug(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	char *block = PyMem_Malloc(CHUNK);
	if (block)
		PyMem_Free(block + 16);
	Py_RETURN_NONE;
}

static PyObject *free_each_ok(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	for (size_t size = 1; size < 1 << 20; size += size / 2 + 1) {
		void *memory = PyMem_Malloc(size), *object = PyObject_Malloc(size);
		void *raw = PyMem_RawMalloc(size), *block = malloc(size);
		memory = PyMem_Realloc(memory, size * 2);
		object = PyObject_Realloc(object, size * 2);
		/* What it can't have, it does not take: the old one stays. */
		if (PyMem_Realloc(memory, PY_SSIZE_T_MAX / 2) == NULL)
			PyMem_Free(memory);
		if (PyObject_Realloc(object, PY_SSIZE_T_MAX / 2) == NULL)
			PyObject_Free(object);
		PyMem_RawFree(raw);
		free(block);
		PyMem_Free(NULL);
		PyObject_Free(PyObject_Calloc(3, size));
		PyMem_Free(PyMem_Calloc(3, size));
	}
	Py_RETURN_NONE;
}

static PyObject *names_type, *closing_type;

static PyObject *make_names(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	return PyObject_CallNoArgs(names_type);
}

static PyObject *make_closing(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	return PyObject_CallNoArgs(closing_type);
}

static PyMethodDef functions[] = {
	{ "make_names", make_names, METH_NOARGS, NULL },
	{ "make_closing", make_closing, METH_NOARGS, NULL },
	{ "free_object_as_memory_bug", free_object_as_memory_bug, METH_NOARGS, NULL },
	{ "free_memory_as_object_bug", free_memory_as_object_bug, METH_NOARGS, NULL },
	{ "free_malloc_as_memory_bug", free_malloc_as_memory_bug, METH_NOARGS, NULL },
	{ "free_memory_as_raw_bug", free_memory_as_raw_bug, METH_NOARGS, NULL },
	{ "free_inside_bug", free_inside_bug, METH_NOARGS, NULL },
	{ "free_each_ok", free_each_ok, METH_NOARGS, NULL },
	{ NULL, NULL, 0, NULL },
};

static PyMethodDef names_methods[] = {
	{ "set_name", set_name, METH_O, "set_name(bytes)" },
	{ "initial_bug", get_initial_bug, METH_NOARGS, "initial_bug()" },
	{ "initial_ok", get_initial_ok, METH_NOARGS, "initial_ok()" },
	{ "renew", renew, METH_NOARGS, "renew()" },
	{ "look_bug", get_look_bug, METH_NOARGS, "look_bug()" },
	{ "look_ok", get_look_ok, METH_NOARGS, "look_ok()" },
	{ NULL, NULL, 0, NULL },
};

static PyType_Slot names_slots[] = {
	{ Py_tp_new, new_names },
	{ Py_tp_dealloc, free_names },
	{ Py_tp_methods, names_methods },
	{ 0, NULL },
};

static PyType_Spec names_spec = { "planted.Names", sizeof(struct names), 0, Py_TPFLAGS_DEFAULT,
				  names_slots };

int planted_add_memory(PyObject *module)
{
	if (planted_hide_type(module, &names_spec, &names_type) ||
	    planted_hide_type(module, &closing_spec, &closing_type))
		return -1;
	return PyModule_AddFunctions(module, functions);
}
