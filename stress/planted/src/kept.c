/*
 * kept.c - memory that is used after it was given back, by the thread that gave it back, or by another
 * one that was told so. Nothing is wrong with the order of the threads, and what is read does no harm.
 */
#include "planted.h"

enum { TEXT = 200 };

/*
 * Note: a text, a number, and where the text was when somebody looked.
 *
 * Bugs: what a method keeps of the old text, or number, it looks at when the new one is there.
 */
struct note {
	PyObject_HEAD char *text; /* of PyMem_Malloc() */
	size_t length;
	const char *seen;
	PyObject *number; /* a float */
};

static char *new_text(size_t length, char first)
{
	char *text = PyMem_Calloc(length, 1);
	if (text)
		text[0] = first;
	return text;
}

static PyObject *new_note(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kw))
{
	struct note *note = (struct note *)type->tp_alloc(type, 0);
	if (!note)
		return NULL;
	note->length = TEXT;
	note->seen = note->text = new_text(TEXT, 'a');
	note->number = PyFloat_FromDouble(1.5);
	if (note->text && note->number)
		return (PyObject *)note;
	Py_DECREF(note);
	return PyErr_NoMemory();
}

static void free_note(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);
	PyMem_Free(((struct note *)self)->text);
	Py_XDECREF(((struct note *)self)->number);
	type->tp_free(self);
	Py_DECREF(type);
}

static STEP long first_of(const char *text)
{
	return text[0];
}

static PyObject *number_or_error(long number)
{
	return number < 0 ? PyErr_NoMemory() : PyLong_FromLong(number);
}

/* A new text of the same length: what was freed last is what the allocator gives. */
static STEP long write_bug(struct note *note)
{
	const char *old = note->text;
	PyMem_Free(note->text);
	note->text = new_text(note->length, 'b');
	return note->text ? first_of(old) : -1;
}

static STEP long write_ok(struct note *note)
{
	long first = first_of(note->text);
	PyMem_Free(note->text);
	note->text = new_text(note->length, 'b');
	return note->text ? first : -1;
}

/* The text moves. */
static STEP long append_bug(struct note *note)
{
	const char *old = note->text;
	char *longer = PyMem_Realloc(note->text, note->length * 2);
	if (!longer)
		return -1;
	note->text = longer;
	note->length *= 2;
	return first_of(old);
}

static STEP long append_ok(struct note *note)
{
	char *longer = PyMem_Realloc(note->text, note->length * 2);
	if (!longer)
		return -1;
	note->text = longer;
	note->length *= 2;
	return first_of(note->text);
}

/* Of floats CPython has a free list: the memory is not freed. */
static STEP double count_bug(struct note *note, PyObject *next)
{
	PyObject *old = note->number;
	note->number = next;
	Py_DECREF(old);
	return PyFloat_AS_DOUBLE(old);
}

static STEP double count_ok(struct note *note, PyObject *next)
{
	PyObject *old = note->number;
	double was = PyFloat_AS_DOUBLE(old);
	note->number = next;
	Py_DECREF(old);
	return was;
}

static PyObject *note_write_bug(PyObject *self, PyObject *Py_UNUSED(none))
{
	return number_or_error(write_bug((struct note *)self));
}

static PyObject *note_write_ok(PyObject *self, PyObject *Py_UNUSED(none))
{
	return number_or_error(write_ok((struct note *)self));
}

static PyObject *note_append_bug(PyObject *self, PyObject *Py_UNUSED(none))
{
	return number_or_error(append_bug((struct note *)self));
}

static PyObject *note_append_ok(PyObject *self, PyObject *Py_UNUSED(none))
{
	return number_or_error(append_ok((struct note *)self));
}

static PyObject *note_count_bug(PyObject *self, PyObject *Py_UNUSED(none))
{
	PyObject *next = PyFloat_FromDouble(2.5);
	return next ? PyLong_FromDouble(count_bug((struct note *)self, next)) : NULL;
}

static PyObject *note_count_ok(PyObject *self, PyObject *Py_UNUSED(none))
{
	PyObject *next = PyFloat_FromDouble(2.5);
	return next ? PyLong_FromDouble(count_ok((struct note *)self, next)) : NULL;
}

/* Looks where the text is, for the next call of seen_bug(). */
static PyObject *note_see(PyObject *self, PyObject *Py_UNUSED(none))
{
	struct note *note = (struct note *)self;
	note->seen = note->text;
	Py_RETURN_NONE;
}

static PyObject *note_seen_bug(PyObject *self, PyObject *Py_UNUSED(none))
{
	return PyLong_FromLong(first_of(((struct note *)self)->seen));
}

static PyObject *note_seen_ok(PyObject *self, PyObject *Py_UNUSED(none))
{
	return PyLong_FromLong(first_of(((struct note *)self)->text));
}

static PyMethodDef note_methods[] = {
	{ "write_bug", note_write_bug, METH_NOARGS, "write_bug()" },
	{ "write_ok", note_write_ok, METH_NOARGS, "write_ok()" },
	{ "append_bug", note_append_bug, METH_NOARGS, "append_bug()" },
	{ "append_ok", note_append_ok, METH_NOARGS, "append_ok()" },
	{ "count_bug", note_count_bug, METH_NOARGS, "count_bug()" },
	{ "count_ok", note_count_ok, METH_NOARGS, "count_ok()" },
	{ "see", note_see, METH_NOARGS, "see()" },
	{ "seen_bug", note_seen_bug, METH_NOARGS, "seen_bug()" },
	{ "seen_ok", note_seen_ok, METH_NOARGS, "seen_ok()" },
	{ NULL, NULL, 0, NULL },
};

static PyType_Slot note_slots[] = {
	{ Py_tp_new, new_note },
	{ Py_tp_dealloc, free_note },
	{ Py_tp_methods, note_methods },
	{ 0, NULL },
};

static PyType_Spec note_spec = { "planted.Note", sizeof(struct note), 0, Py_TPFLAGS_DEFAULT,
				 note_slots };

static PyObject *note_type;

static PyObject *make_note(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	return PyObject_CallNoArgs(note_type);
}

static PyMethodDef functions[] = {
	{ "make_note", make_note, METH_NOARGS, NULL },
	{ NULL, NULL, 0, NULL },
};

int planted_add_kept(PyObject *module)
{
	return planted_hide_type(module, &note_spec, &note_type) ||
			       PyModule_AddFunctions(module, functions)
		       ? -1
		       : 0;
}
