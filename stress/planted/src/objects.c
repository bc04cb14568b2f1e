/* objects.c - types whose instances several threads share. */
#include "planted.h"

/* What the types have in common: memory from the type, nothing to visit. */
static PyObject *new_object(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kw))
{
	return type->tp_alloc(type, 0);
}

static void free_object(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);
	type->tp_free(self);
	Py_DECREF(type);
}

/*
 * Mean: a running mean of bytes.
 *
 * Bug: a method reads, computes and writes the fields of its object. An object is one user's, one
 * thinks, but free threading lets two threads into a method of the same object.
 */
struct mean {
	PyObject_HEAD long count;
	double value;
};

static STEP void mean_add(struct mean *mean, unsigned char byte)
{
	mean->count++;
	mean->value += (byte - mean->value) / (double)mean->count;
}

static PyObject *mean_update_bug(PyObject *self, PyObject *data)
{
	if (!PyBytes_Check(data))
		return PyErr_Format(PyExc_TypeError, "bytes expected");
	for (Py_ssize_t i = 0; i < PyBytes_GET_SIZE(data); i++)
		mean_add((struct mean *)self, (unsigned char)PyBytes_AS_STRING(data)[i]);
	Py_RETURN_NONE;
}

static PyObject *mean_update_ok(PyObject *self, PyObject *data)
{
	if (!PyBytes_Check(data))
		return PyErr_Format(PyExc_TypeError, "bytes expected");
	Py_BEGIN_CRITICAL_SECTION(self);
	for (Py_ssize_t i = 0; i < PyBytes_GET_SIZE(data); i++)
		mean_add((struct mean *)self, (unsigned char)PyBytes_AS_STRING(data)[i]);
	Py_END_CRITICAL_SECTION();
	Py_RETURN_NONE;
}

static PyObject *mean_count(PyObject *self, PyObject *Py_UNUSED(none))
{
	long count;
	Py_BEGIN_CRITICAL_SECTION(self);
	count = ((struct mean *)self)->count;
	Py_END_CRITICAL_SECTION();
	return PyLong_FromLong(count);
}

static PyMethodDef mean_methods_bug[] = {
	{ "update", mean_update_bug, METH_O, "update(bytes)" },
	{ "count", mean_count, METH_NOARGS, "count()" },
	{ NULL, NULL, 0, NULL },
};

static PyMethodDef mean_methods_ok[] = {
	{ "update", mean_update_ok, METH_O, "update(bytes)" },
	{ "count", mean_count, METH_NOARGS, "count()" },
	{ NULL, NULL, 0, NULL },
};

static PyType_Slot mean_slots_bug[] = {
	{ Py_tp_new, new_object },
	{ Py_tp_dealloc, free_object },
	{ Py_tp_methods, mean_methods_bug },
	{ 0, NULL },
};

static PyType_Slot mean_slots_ok[] = {
	{ Py_tp_new, new_object },
	{ Py_tp_dealloc, free_object },
	{ Py_tp_methods, mean_methods_ok },
	{ 0, NULL },
};

static PyType_Spec mean_bug = { "planted.Mean_bug", sizeof(struct mean), 0, Py_TPFLAGS_DEFAULT,
				mean_slots_bug };

static PyType_Spec mean_ok = { "planted.Mean_ok", sizeof(struct mean), 0, Py_TPFLAGS_DEFAULT,
			       mean_slots_ok };

/*
 * Cursor: an iterator over the numbers from 0.
 *
 * Bug: two threads that call next() on one iterator get the same number, or skip one. The position
 * is a plain field, as in most iterators written in C.
 */
struct cursor {
	PyObject_HEAD long position, end;
};

static int cursor_init(PyObject *self, PyObject *args, PyObject *Py_UNUSED(kw))
{
	struct cursor *cursor = (struct cursor *)self;
	return PyArg_ParseTuple(args, "l", &cursor->end) ? 0 : -1;
}

/* The position, or -1 at the end. */
static STEP long cursor_advance(struct cursor *cursor)
{
	if (cursor->position >= cursor->end)
		return -1;
	return cursor->position++;
}

static PyObject *cursor_next_bug(PyObject *self)
{
	long position = cursor_advance((struct cursor *)self);
	return position < 0 ? NULL : PyLong_FromLong(position);
}

static PyObject *cursor_next_ok(PyObject *self)
{
	long position;
	Py_BEGIN_CRITICAL_SECTION(self);
	position = cursor_advance((struct cursor *)self);
	Py_END_CRITICAL_SECTION();
	return position < 0 ? NULL : PyLong_FromLong(position);
}

static PyType_Slot cursor_slots_bug[] = {
	{ Py_tp_new, new_object },           { Py_tp_init, cursor_init },
	{ Py_tp_dealloc, free_object },      { Py_tp_iter, PyObject_SelfIter },
	{ Py_tp_iternext, cursor_next_bug }, { 0, NULL },
};

static PyType_Slot cursor_slots_ok[] = {
	{ Py_tp_new, new_object },          { Py_tp_init, cursor_init },
	{ Py_tp_dealloc, free_object },     { Py_tp_iter, PyObject_SelfIter },
	{ Py_tp_iternext, cursor_next_ok }, { 0, NULL },
};

static PyType_Spec cursor_bug = { "planted.Cursor_bug", sizeof(struct cursor), 0,
				  Py_TPFLAGS_DEFAULT, cursor_slots_bug };

static PyType_Spec cursor_ok = { "planted.Cursor_ok", sizeof(struct cursor), 0, Py_TPFLAGS_DEFAULT,
				 cursor_slots_ok };

/*
 * Block: memory that lends itself to memoryviews, and can't be resized while it is lent.
 *
 * Bug: the number of exports is counted with ++ and --. A lost count lets the block be resized
 * under a view. The buffer protocol's slots are called without any lock.
 */
struct block {
	PyObject_HEAD Py_ssize_t exports;
	unsigned char data[64];
};

static STEP void block_lend(struct block *block, Py_ssize_t by)
{
	block->exports += by;
}

static int block_get_bug(PyObject *self, Py_buffer *view, int flags)
{
	struct block *block = (struct block *)self;
	if (PyBuffer_FillInfo(view, self, block->data, sizeof block->data, 0, flags))
		return -1;
	block_lend(block, 1);
	return 0;
}

static void block_release_bug(PyObject *self, Py_buffer *Py_UNUSED(view))
{
	block_lend((struct block *)self, -1);
}

static int block_get_ok(PyObject *self, Py_buffer *view, int flags)
{
	struct block *block = (struct block *)self;
	if (PyBuffer_FillInfo(view, self, block->data, sizeof block->data, 0, flags))
		return -1;
	Py_BEGIN_CRITICAL_SECTION(self);
	block_lend(block, 1);
	Py_END_CRITICAL_SECTION();
	return 0;
}

static void block_release_ok(PyObject *self, Py_buffer *Py_UNUSED(view))
{
	Py_BEGIN_CRITICAL_SECTION(self);
	block_lend((struct block *)self, -1);
	Py_END_CRITICAL_SECTION();
}

static PyObject *block_exports(PyObject *self, PyObject *Py_UNUSED(none))
{
	Py_ssize_t exports;
	Py_BEGIN_CRITICAL_SECTION(self);
	exports = ((struct block *)self)->exports;
	Py_END_CRITICAL_SECTION();
	return PyLong_FromSsize_t(exports);
}

static PyMethodDef block_methods[] = {
	{ "exports", block_exports, METH_NOARGS, "exports()" },
	{ NULL, NULL, 0, NULL },
};

static PyType_Slot block_slots_bug[] = {
	{ Py_tp_new, new_object },
	{ Py_tp_dealloc, free_object },
	{ Py_tp_methods, block_methods },
	{ Py_bf_getbuffer, block_get_bug },
	{ Py_bf_releasebuffer, block_release_bug },
	{ 0, NULL },
};

static PyType_Slot block_slots_ok[] = {
	{ Py_tp_new, new_object },
	{ Py_tp_dealloc, free_object },
	{ Py_tp_methods, block_methods },
	{ Py_bf_getbuffer, block_get_ok },
	{ Py_bf_releasebuffer, block_release_ok },
	{ 0, NULL },
};

static PyType_Spec block_bug = { "planted.Block_bug", sizeof(struct block), 0, Py_TPFLAGS_DEFAULT,
				 block_slots_bug };

static PyType_Spec block_ok = { "planted.Block_ok", sizeof(struct block), 0, Py_TPFLAGS_DEFAULT,
				block_slots_ok };

/* lend(block, repeat): what a user of the block does, often. */
static PyObject *lend(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	long repeat = count == 2 ? PyLong_AsLong(args[1]) : -1;
	if (PyErr_Occurred())
		return NULL;
	for (long i = 0; i < repeat; i++) {
		Py_buffer view;
		if (PyObject_GetBuffer(args[0], &view, PyBUF_SIMPLE))
			return NULL;
		PyBuffer_Release(&view);
	}
	Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
	PLANTED(lend, "(block, repeat)"),
	{ NULL, NULL, 0, NULL },
};

int planted_add_objects(PyObject *module)
{
	PyType_Spec *specs[] = {
		&mean_bug, &mean_ok, &cursor_bug, &cursor_ok, &block_bug, &block_ok
	};
	for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
		if (planted_add_type(module, specs[i]))
			return -1;
	return PyModule_AddFunctions(module, functions);
}
