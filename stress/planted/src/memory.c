/*
 * memory.c - memory that one thread frees while another one uses it.
 *
 * Nothing here crashes: what is read is not looked at, and the block stays mapped.
 */
#include "planted.h"

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
	return planted_add_type(module, &names_spec);
}
