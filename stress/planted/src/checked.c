/*
 * checked.c - what only a check tells: no access of these is in a race, no count goes below 0, and nothing
 * is used when it is freed. A debug build of CPython and a package's own assert() see it
 * (--python-flavour debug).
 */
#include "planted.h"

#include <assert.h>
#include <stdatomic.h>

static void free_object(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);
	type->tp_free(self);
	Py_DECREF(type);
}

/*
 * hold: an object that keeps another one, and tells the collector so. Bug: it has taken no reference. The
 * collector finds more objects that hold it than it has references.
 */
struct holder {
	PyObject_HEAD PyObject *held;
	int counted;
};

static PyObject *holder_type;

static int holder_traverse(PyObject *self, visitproc visit, void *arg)
{
	Py_VISIT(Py_TYPE(self));
	Py_VISIT(((struct holder *)self)->held);
	return 0;
}

static int holder_clear(PyObject *self)
{
	struct holder *holder = (struct holder *)self;
	if (holder->counted)
		Py_CLEAR(holder->held);
	holder->held = NULL;
	return 0;
}

static void holder_free(PyObject *self)
{
	PyObject_GC_UnTrack(self);
	holder_clear(self);
	free_object(self);
}

static PyType_Slot holder_slots[] = {
	{ Py_tp_traverse, holder_traverse },
	{ Py_tp_clear, holder_clear },
	{ Py_tp_dealloc, holder_free },
	{ 0, NULL },
};

static PyType_Spec holder_spec = {
	.name = "planted.Holder",
	.basicsize = sizeof(struct holder),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
	.slots = holder_slots,
};

static PyObject *hold(PyObject *object, int counted)
{
	struct holder *holder = PyObject_GC_New(struct holder, (PyTypeObject *)holder_type);
	if (!holder)
		return NULL;
	holder->held = counted ? Py_NewRef(object) : object;
	holder->counted = counted;
	PyObject_GC_Track((PyObject *)holder);
	return (PyObject *)holder;
}

static PyObject *hold_bug(PyObject *Py_UNUSED(module), PyObject *object)
{
	return hold(object, 0);
}

static PyObject *hold_ok(PyObject *Py_UNUSED(module), PyObject *object)
{
	return hold(object, 1);
}

/*
 * seat: takes one of two seats while it calls back, or returns None. Bug: it relies on nobody else's coming
 * meanwhile. What counts them is atomic, and nothing else goes wrong.
 */
enum { SEATS = 2 };
static atomic_int seats_bug, seats_ok;

static PyObject *call(atomic_int *taken, PyObject *function)
{
	PyObject *result = PyObject_CallNoArgs(function);
	atomic_fetch_sub(taken, 1);
	return result;
}

static PyObject *seat_bug(PyObject *Py_UNUSED(module), PyObject *function)
{
	int before = atomic_fetch_add(&seats_bug, 1);
	(void)before; /* without assertions */
	assert(before < SEATS);
	return call(&seats_bug, function);
}

static PyObject *seat_ok(PyObject *Py_UNUSED(module), PyObject *function)
{
	int before = atomic_load(&seats_ok);
	do {
		if (before == SEATS)
			Py_RETURN_NONE;
	} while (!atomic_compare_exchange_weak(&seats_ok, &before, before + 1));
	return call(&seats_ok, function);
}

/* forget: an object that goes while an exception is on its way. Bug: its tp_dealloc clears that. */
static PyObject *forgetful_type, *careful_type;

static void forgetful_free(PyObject *self)
{
	PyErr_Clear();
	free_object(self);
}

static void careful_free(PyObject *self)
{
	PyObject *error = PyErr_GetRaisedException();
	free_object(self);
	PyErr_SetRaisedException(error);
}

static PyType_Slot forgetful_slots[] = {
	{ Py_tp_dealloc, forgetful_free },
	{ 0, NULL },
};

static PyType_Slot careful_slots[] = {
	{ Py_tp_dealloc, careful_free },
	{ 0, NULL },
};

static PyType_Spec forgetful_spec = {
	.name = "planted.Forgetful",
	.basicsize = sizeof(PyObject),
	.flags = Py_TPFLAGS_DEFAULT,
	.slots = forgetful_slots,
};

static PyType_Spec careful_spec = {
	.name = "planted.Careful",
	.basicsize = sizeof(PyObject),
	.flags = Py_TPFLAGS_DEFAULT,
	.slots = careful_slots,
};

static PyObject *forget_bug(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	return PyType_GenericAlloc((PyTypeObject *)forgetful_type, 0);
}

static PyObject *forget_ok(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	return PyType_GenericAlloc((PyTypeObject *)careful_type, 0);
}

static PyMethodDef functions[] = {
	{ "hold_bug", hold_bug, METH_O, NULL },
	{ "hold_ok", hold_ok, METH_O, NULL },
	{ "seat_bug", seat_bug, METH_O, NULL },
	{ "seat_ok", seat_ok, METH_O, NULL },
	{ "forget_bug", forget_bug, METH_NOARGS, NULL },
	{ "forget_ok", forget_ok, METH_NOARGS, NULL },
	{ NULL, NULL, 0, NULL },
};

int planted_add_checked(PyObject *module)
{
	return planted_hide_type(module, &holder_spec, &holder_type) ||
			       planted_hide_type(module, &forgetful_spec, &forgetful_type) ||
			       planted_hide_type(module, &careful_spec, &careful_type)
		       ? -1
		       : PyModule_AddFunctions(module, functions);
}
