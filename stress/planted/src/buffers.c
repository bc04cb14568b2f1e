/* buffers.c - memory that grows, and memory that is kept for the next user. */
#include "planted.h"

#include <stdlib.h>
#include <string.h>

/*
 * Builder: bytes that are appended one by one.
 *
 *     size ──┐
 *     bytes ─┴─► [ capacity | previous | data ... ]    a full block is replaced by one of twice the
 *                               └─► the smaller one    size, and kept for the views into it
 *
 * Bug: size and block are changed without a lock: bytes get lost, also whole blocks of them.
 * (Were a full block given back, it would be given back twice.) Ported from a vector of C.
 */
struct bytes {
	size_t capacity;
	struct bytes *previous;
	char data[];
};

struct builder {
	PyObject_HEAD size_t size;
	struct bytes *bytes;
};

/* A full block makes place for one of twice the size that also has the byte `at`. */
static STEP void append_byte(struct builder *builder, char byte)
{
	size_t at = builder->size;
	struct bytes *bytes = builder->bytes;
	if (!bytes || at >= bytes->capacity) {
		struct bytes *old = bytes;
		size_t capacity = 2 * (old ? old->capacity : 16);
		if (capacity <= at)
			capacity = at + 1;
		bytes = calloc(1, sizeof *bytes + capacity);
		if (!bytes)
			abort();
		bytes->capacity = capacity;
		bytes->previous = old;
		if (old)
			memcpy(bytes->data, old->data, old->capacity < at ? old->capacity : at);
		builder->bytes = bytes;
	}
	bytes->data[at] = byte;
	builder->size = at + 1;
}

static PyObject *append_bug(PyObject *self, PyObject *data)
{
	if (!PyBytes_Check(data))
		return PyErr_Format(PyExc_TypeError, "bytes expected");
	for (Py_ssize_t i = 0; i < PyBytes_GET_SIZE(data); i++)
		append_byte((struct builder *)self, PyBytes_AS_STRING(data)[i]);
	Py_RETURN_NONE;
}

static PyObject *append_ok(PyObject *self, PyObject *data)
{
	if (!PyBytes_Check(data))
		return PyErr_Format(PyExc_TypeError, "bytes expected");
	Py_BEGIN_CRITICAL_SECTION(self);
	for (Py_ssize_t i = 0; i < PyBytes_GET_SIZE(data); i++)
		append_byte((struct builder *)self, PyBytes_AS_STRING(data)[i]);
	Py_END_CRITICAL_SECTION();
	Py_RETURN_NONE;
}

static PyObject *builder_size(PyObject *self, PyObject *Py_UNUSED(none))
{
	size_t size;
	Py_BEGIN_CRITICAL_SECTION(self);
	size = ((struct builder *)self)->size;
	Py_END_CRITICAL_SECTION();
	return PyLong_FromSize_t(size);
}

static PyObject *new_builder(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kw))
{
	return type->tp_alloc(type, 0);
}

static void free_builder(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);
	for (struct bytes *bytes = ((struct builder *)self)->bytes, *next; bytes; bytes = next) {
		next = bytes->previous;
		free(bytes);
	}
	type->tp_free(self);
	Py_DECREF(type);
}

static PyMethodDef methods_bug[] = {
	{ "append", append_bug, METH_O, "append(bytes)" },
	{ "size", builder_size, METH_NOARGS, "size()" },
	{ NULL, NULL, 0, NULL },
};

static PyMethodDef methods_ok[] = {
	{ "append", append_ok, METH_O, "append(bytes)" },
	{ "size", builder_size, METH_NOARGS, "size()" },
	{ NULL, NULL, 0, NULL },
};

static PyType_Slot slots_bug[] = {
	{ Py_tp_new, new_builder },
	{ Py_tp_dealloc, free_builder },
	{ Py_tp_methods, methods_bug },
	{ 0, NULL },
};

static PyType_Slot slots_ok[] = {
	{ Py_tp_new, new_builder },
	{ Py_tp_dealloc, free_builder },
	{ Py_tp_methods, methods_ok },
	{ 0, NULL },
};

static PyType_Spec builder_bug = { "planted.Builder_bug", sizeof(struct builder), 0,
				   Py_TPFLAGS_DEFAULT, slots_bug };

static PyType_Spec builder_ok = { "planted.Builder_ok", sizeof(struct builder), 0,
				  Py_TPFLAGS_DEFAULT, slots_ok };

/*
 * take_scratch: working memory is taken from a free list.
 *
 * Bug: two threads take the same block off a shared list. Free lists were the standard remedy for a
 * slow allocator, and the GIL was their lock.
 */
struct scratch {
	struct scratch *next;
	long values[7];
};

#define SCRATCHES 4096

static struct scratch *free_list_bug;
static _Thread_local struct scratch *free_list_ok;

static STEP struct scratch *take_one(struct scratch **list)
{
	struct scratch *scratch = *list;
	if (scratch)
		*list = scratch->next;
	return scratch;
}

/* A list of SCRATCHES blocks, which stay until the process ends. */
static void fill(struct scratch **list)
{
	struct scratch *blocks = *list ? NULL : calloc(SCRATCHES, sizeof *blocks);
	for (size_t i = 0; blocks && i < SCRATCHES; i++) {
		blocks[i].next = *list;
		*list = &blocks[i];
	}
}

static PyObject *fill_scratch_bug(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	fill(&free_list_bug);
	Py_RETURN_NONE;
}

/* How many there were to be taken. */
static PyObject *take_scratch_bug(PyObject *Py_UNUSED(module), PyObject *const *args,
				  Py_ssize_t count)
{
	long repeat, taken = 0;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++)
		taken += take_one(&free_list_bug) != NULL;
	return PyLong_FromLong(taken);
}

static PyObject *take_scratch_ok(PyObject *Py_UNUSED(module), PyObject *const *args,
				 Py_ssize_t count)
{
	long repeat, taken = 0;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	fill(&free_list_ok);
	for (long i = 0; i < repeat; i++)
		taken += take_one(&free_list_ok) != NULL;
	return PyLong_FromLong(taken);
}

static PyMethodDef functions[] = {
	{ "fill_scratch_bug", fill_scratch_bug, METH_NOARGS, "fill_scratch_bug()" },
	PLANTED(take_scratch_bug, "(repeat)"),
	PLANTED(take_scratch_ok, "(repeat)"),
	{ NULL, NULL, 0, NULL },
};

int planted_add_buffers(PyObject *module)
{
	if (planted_add_type(module, &builder_bug) || planted_add_type(module, &builder_ok))
		return -1;
	return PyModule_AddFunctions(module, functions);
}
