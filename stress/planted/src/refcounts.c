/*
 * refcounts.c - references that are dropped or taken and are not there.
 *
 * Each function makes its objects itself, unless it is given one, so that a case harms no other.
 */
#include "planted.h"

#include <sched.h>

/* Of a list there is a free list; 300 bytes go back to the allocator. */
static PyObject *list_of_one(void)
{
	PyObject *list = PyList_New(1);
	if (list)
		PyList_SET_ITEM(list, 0, PyLong_FromLong(100000));
	return list;
}

static PyObject *much(void)
{
	return PyBytes_FromStringAndSize(NULL, 300);
}

/* Others go to the free list first, so that what comes there later has a link to them. */
static PyObject *list_after_another(void)
{
	PyObject *one = list_of_one(), *two = list_of_one(), *list = list_of_one();
	Py_XDECREF(one);
	Py_XDECREF(two);
	return list;
}

/* Drops a reference too many; the twin has one more. */
static PyObject *drop_twice(PyObject *object, int own)
{
	if (!object)
		return NULL;
	if (own)
		Py_INCREF(object);
	Py_DECREF(object);
	Py_DECREF(object);
	Py_RETURN_NONE;
}

static PyObject *drop_list_bug(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	return drop_twice(list_after_another(), 0);
}

static PyObject *drop_list_ok(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	return drop_twice(list_after_another(), 1);
}

/*
 * Fails, with a list that the caller has made. Bug: each of the two drops the reference. Nothing else was
 * in the thread's free list.
 */
static STEP int fill(PyObject *list, int drops)
{
	if (PyList_GET_SIZE(list) < 2) {
		if (drops)
			Py_DECREF(list);
		return -1;
	}
	return 0;
}

static PyObject *fail_to_fill(int drops)
{
	PyObject *list = list_of_one();
	if (!list)
		return NULL;
	if (fill(list, drops)) {
		Py_DECREF(list);
		Py_RETURN_NONE;
	}
	return list;
}

static PyObject *drop_failed_bug(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	return fail_to_fill(1);
}

static PyObject *drop_failed_ok(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	return fail_to_fill(0);
}

static PyObject *drop_bytes_bug(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	return drop_twice(much(), 0);
}

static PyObject *drop_bytes_ok(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	return drop_twice(much(), 1);
}

/* Borrows an item and takes a reference of its own when the list has let it go; the twin does before. */
static PyObject *take_late(PyObject *item, int first)
{
	PyObject *list = item ? PyList_New(1) : NULL;
	if (!list)
		return NULL;
	PyList_SET_ITEM(list, 0, item);
	if (first)
		Py_INCREF(item);
	PyList_SetItem(list, 0, Py_NewRef(Py_None));
	if (!first)
		Py_INCREF(item);
	Py_DECREF(list);
	if (first)
		Py_DECREF(item);
	Py_RETURN_NONE;
}

static PyObject *take_list_bug(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	return take_late(list_after_another(), 0);
}

static PyObject *take_list_ok(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	return take_late(list_after_another(), 1);
}

static PyObject *take_bytes_bug(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	return take_late(much(), 0);
}

static PyObject *take_bytes_ok(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	return take_late(much(), 1);
}

/* Drops the reference that the caller has, as if it were given away; the twin only looks. */
static PyObject *look_at_bug(PyObject *Py_UNUSED(module), PyObject *object)
{
	Py_DECREF(object);
	Py_RETURN_NONE;
}

static PyObject *look_at_ok(PyObject *Py_UNUSED(module), PyObject *object)
{
	Py_INCREF(object);
	Py_DECREF(object);
	Py_RETURN_NONE;
}

/* Counts by hand in the owner's field, as with the GIL one could. */
static PyObject *count_bug(PyObject *Py_UNUSED(module), PyObject *object)
{
	uint32_t count = __atomic_load_n(&object->ob_ref_local, __ATOMIC_RELAXED);
	__atomic_store_n(&object->ob_ref_local, count + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&object->ob_ref_local, count, __ATOMIC_RELAXED);
	Py_RETURN_NONE;
}

static PyObject *count_ok(PyObject *Py_UNUSED(module), PyObject *object)
{
	Py_INCREF(object);
	Py_DECREF(object);
	Py_RETURN_NONE;
}

/* The same with an object that is never counted. */
static PyObject *count_none_bug(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	return count_bug(NULL, Py_None);
}

static PyObject *count_none_ok(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	return count_ok(NULL, Py_None);
}

/*
 * Plain writes to the fields that count, as code that was written for the GIL has them. Each counts one
 * up and down again, so that nothing is freed too early, and the compiler is kept from seeing that.
 */
#define BETWEEN __asm__ volatile("" ::: "memory")

static PyObject *plain_local_bug(PyObject *Py_UNUSED(module), PyObject *object)
{
	object->ob_ref_local++;
	BETWEEN;
	object->ob_ref_local--;
	Py_RETURN_NONE;
}

static PyObject *plain_shared_bug(PyObject *Py_UNUSED(module), PyObject *object)
{
	object->ob_ref_shared += 1 << _Py_REF_SHARED_SHIFT;
	BETWEEN;
	object->ob_ref_shared -= 1 << _Py_REF_SHARED_SHIFT;
	Py_RETURN_NONE;
}

static PyObject *plain_set_bug(PyObject *Py_UNUSED(module), PyObject *object)
{
	Py_ssize_t count = Py_REFCNT(object);
	Py_SET_REFCNT(object, count + 1);
	Py_SET_REFCNT(object, count);
	Py_RETURN_NONE;
}

static PyObject *plain_none_bug(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	return plain_local_bug(NULL, Py_None);
}

/* It lies in static storage, where a list or a number would not begin. */
static PyObject *plain_true_bug(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	Py_True->ob_ref_local++;
	BETWEEN;
	Py_True->ob_ref_local--;
	Py_RETURN_NONE;
}

/* Of an object that is the thread's own alone, a thread may set the count. */
static PyObject *plain_set_ok(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	PyObject *own = much();
	if (!own)
		return NULL;
	plain_set_bug(NULL, own);
	Py_DECREF(own);
	/* It does nothing to one that is never counted. */
	return plain_set_bug(NULL, Py_None);
}

/*
 * Drain: an iterator over bytes, as CPython has several.
 *
 * Bug: who finds the end clears the field and drops the container. Two threads can find it. That they do
 * is not left to chance: the first one waits for the other.
 */
struct drain {
	PyObject_HEAD PyObject *container;
	unsigned here;
};

static PyObject *new_drain(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(kw))
{
	PyObject *container;
	if (!PyArg_ParseTuple(args, "S", &container))
		return NULL;
	struct drain *drain = (struct drain *)type->tp_alloc(type, 0);
	if (drain)
		drain->container = Py_NewRef(container);
	return (PyObject *)drain;
}

static void free_drain(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);
	Py_XDECREF(((struct drain *)self)->container);
	type->tp_free(self);
	Py_DECREF(type);
}

/* Waits a little for another thread to have come as far. */
static void meet(unsigned *here)
{
	__atomic_fetch_add(here, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 2000 && __atomic_load_n(here, __ATOMIC_RELAXED) < 2; i++) {
		Py_BEGIN_ALLOW_THREADS sched_yield();
		Py_END_ALLOW_THREADS
	}
}

static PyObject *drain_end_bug(PyObject *self, PyObject *Py_UNUSED(none))
{
	struct drain *drain = (struct drain *)self;
	PyObject *container = __atomic_load_n(&drain->container, __ATOMIC_RELAXED);
	if (!container)
		Py_RETURN_NONE;
	meet(&drain->here);
	__atomic_store_n(&drain->container, NULL, __ATOMIC_RELAXED);
	Py_DECREF(container);
	Py_RETURN_NONE;
}

static PyObject *drain_end_ok(PyObject *self, PyObject *Py_UNUSED(none))
{
	struct drain *drain = (struct drain *)self;
	if (__atomic_load_n(&drain->container, __ATOMIC_RELAXED))
		meet(&drain->here);
	PyObject *container = __atomic_exchange_n(&drain->container, NULL, __ATOMIC_RELAXED);
	Py_XDECREF(container);
	Py_RETURN_NONE;
}

static PyMethodDef drain_methods[] = {
	{ "end_bug", drain_end_bug, METH_NOARGS, "end_bug()" },
	{ "end_ok", drain_end_ok, METH_NOARGS, "end_ok()" },
	{ NULL, NULL, 0, NULL },
};

static PyType_Slot drain_slots[] = {
	{ Py_tp_new, new_drain },
	{ Py_tp_dealloc, free_drain },
	{ Py_tp_methods, drain_methods },
	{ 0, NULL },
};

static PyType_Spec drain_spec = { "planted.Drain", sizeof(struct drain), 0, Py_TPFLAGS_DEFAULT,
				  drain_slots };

/*
 * Holder: holds one object.
 *
 * Bug: Py_XSETREF takes the old object out of the field, and drops it when the new one is there. That is
 * not atomic: two threads can take the same one out.
 */
struct holder {
	PyObject_HEAD PyObject *held;
};

static PyObject *new_holder(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kw))
{
	return type->tp_alloc(type, 0);
}

static void free_holder(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);
	Py_XDECREF(((struct holder *)self)->held);
	type->tp_free(self);
	Py_DECREF(type);
}

static STEP void holder_replace(struct holder *holder, PyObject *object)
{
	Py_XSETREF(holder->held, Py_NewRef(object));
}

static PyObject *holder_hold_bug(PyObject *self, PyObject *object)
{
	holder_replace((struct holder *)self, object);
	Py_RETURN_NONE;
}

static PyObject *holder_hold_ok(PyObject *self, PyObject *object)
{
	Py_BEGIN_CRITICAL_SECTION(self);
	holder_replace((struct holder *)self, object);
	Py_END_CRITICAL_SECTION();
	Py_RETURN_NONE;
}

static PyMethodDef holder_methods[] = {
	{ "hold_bug", holder_hold_bug, METH_O, "hold_bug(object)" },
	{ "hold_ok", holder_hold_ok, METH_O, "hold_ok(object)" },
	{ NULL, NULL, 0, NULL },
};

static PyType_Slot holder_slots[] = {
	{ Py_tp_new, new_holder },
	{ Py_tp_dealloc, free_holder },
	{ Py_tp_methods, holder_methods },
	{ 0, NULL },
};

static PyType_Spec holder_spec = { "planted.Holder", sizeof(struct holder), 0, Py_TPFLAGS_DEFAULT,
				   holder_slots };

static PyObject *drain_type, *holder_type;

static PyObject *make_drain(PyObject *Py_UNUSED(module), PyObject *container)
{
	return PyObject_CallOneArg(drain_type, container);
}

static PyObject *make_holder(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	return PyObject_CallNoArgs(holder_type);
}

static PyMethodDef functions[] = {
	{ "make_drain", make_drain, METH_O, NULL },
	{ "make_holder", make_holder, METH_NOARGS, NULL },
	{ "drop_list_bug", drop_list_bug, METH_NOARGS, NULL },
	{ "drop_list_ok", drop_list_ok, METH_NOARGS, NULL },
	{ "drop_failed_bug", drop_failed_bug, METH_NOARGS, NULL },
	{ "drop_failed_ok", drop_failed_ok, METH_NOARGS, NULL },
	{ "drop_bytes_bug", drop_bytes_bug, METH_NOARGS, NULL },
	{ "drop_bytes_ok", drop_bytes_ok, METH_NOARGS, NULL },
	{ "take_list_bug", take_list_bug, METH_NOARGS, NULL },
	{ "take_list_ok", take_list_ok, METH_NOARGS, NULL },
	{ "take_bytes_bug", take_bytes_bug, METH_NOARGS, NULL },
	{ "take_bytes_ok", take_bytes_ok, METH_NOARGS, NULL },
	{ "look_at_bug", look_at_bug, METH_O, NULL },
	{ "look_at_ok", look_at_ok, METH_O, NULL },
	{ "count_bug", count_bug, METH_O, NULL },
	{ "count_ok", count_ok, METH_O, NULL },
	{ "count_none_bug", count_none_bug, METH_NOARGS, NULL },
	{ "count_none_ok", count_none_ok, METH_NOARGS, NULL },
	{ "plain_local_bug", plain_local_bug, METH_O, NULL },
	{ "plain_shared_bug", plain_shared_bug, METH_O, NULL },
	{ "plain_set_bug", plain_set_bug, METH_O, NULL },
	{ "plain_none_bug", plain_none_bug, METH_NOARGS, NULL },
	{ "plain_true_bug", plain_true_bug, METH_NOARGS, NULL },
	{ "plain_set_ok", plain_set_ok, METH_NOARGS, NULL },
	{ NULL, NULL, 0, NULL },
};

int planted_add_refcounts(PyObject *module)
{
	return planted_hide_type(module, &drain_spec, &drain_type) ||
			       planted_hide_type(module, &holder_spec, &holder_type) ||
			       PyModule_AddFunctions(module, functions)
		       ? -1
		       : 0;
}
