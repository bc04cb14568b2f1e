/*
 * containers.c - a list that is changed while it is walked, its own or an argument; an iterator that
 * gives its items up twice; a slot that is used again under a reader.
 */
#include "planted_pairs.h"

/* Sum of the list's numbers; its lock is the caller's concern. */
static PyObject *sum_of(PyObject *list)
{
	long sum = 0;
	for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++) {
		long number = PyLong_AsLong(PyList_GET_ITEM(list, i));
		if (number == -1 && PyErr_Occurred())
			return NULL;
		sum += number;
	}
	return PyLong_FromLong(sum);
}

static PyObject *sum_of_locked(PyObject *list)
{
	PyObject *sum;
	Py_BEGIN_CRITICAL_SECTION(list);
	sum = sum_of(list);
	Py_END_CRITICAL_SECTION();
	return sum;
}

/* --- Walk: sum() walks the object's own list, which clear() and add() change ----------------- */

struct walk {
	PyObject_HEAD;
	PyObject *items; /* a list */
};

static PyObject *walk_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
	PyObject *items;
	if (!PyArg_ParseTuple(args, "O", &items))
		return NULL;
	struct walk *self = (struct walk *)type->tp_alloc(type, 0);
	if (self && !(self->items = PySequence_List(items)))
		Py_CLEAR(self);
	return (PyObject *)self;
}

static void walk_dealloc(PyObject *self)
{
	Py_XDECREF(((struct walk *)self)->items);
	free_object(self);
}

static PyObject *walk_add(PyObject *self, PyObject *item)
{
	return PyList_Append(((struct walk *)self)->items, item) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *walk_clear(PyObject *self, PyObject *unused)
{
	PyObject *items = ((struct walk *)self)->items;
	return PyList_SetSlice(items, 0, PY_SSIZE_T_MAX, NULL) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *walk_sum_bug(PyObject *self, PyObject *unused)
{
	return sum_of(((struct walk *)self)->items);
}

static PyObject *walk_sum_ok(PyObject *self, PyObject *unused)
{
	return sum_of_locked(((struct walk *)self)->items);
}

/* --- total(list): the same of an argument ---------------------------------------------------- */

static PyObject *total(PyObject *list, method *sum)
{
	if (!PyList_Check(list)) {
		PyErr_SetString(PyExc_TypeError, "a list is wanted");
		return NULL;
	}
	return sum(list, NULL);
}

static PyObject *bare(PyObject *list, PyObject *unused)
{
	return sum_of(list);
}

static PyObject *locked(PyObject *list, PyObject *unused)
{
	return sum_of_locked(list);
}

static PyObject *total_bug(PyObject *module, PyObject *list)
{
	return total(list, bare);
}

static PyObject *total_ok(PyObject *module, PyObject *list)
{
	return total(list, locked);
}

static PyMethodDef functions[] = { ENTRY(total_bug, METH_O), ENTRY(total_ok, METH_O), { 0 } };

/* --- Drain: an iterator; whoever finds it empty gives the items up --------------------------- */

struct drain {
	PyObject_HEAD;
	PyObject *items; /* a tuple; NULL: exhausted */
	Py_ssize_t next; /* atomic */
};

static PyObject *drain_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
	PyObject *items;
	if (!PyArg_ParseTuple(args, "O", &items))
		return NULL;
	struct drain *self = (struct drain *)type->tp_alloc(type, 0);
	if (self && !(self->items = PySequence_Tuple(items)))
		Py_CLEAR(self);
	return (PyObject *)self;
}

static void drain_dealloc(PyObject *self)
{
	Py_XDECREF(((struct drain *)self)->items);
	free_object(self);
}

static PyObject *drain_next_bug(PyObject *object)
{
	struct drain *self = (struct drain *)object;
	PyObject *items = self->items;
	if (!items)
		return NULL;
	Py_ssize_t at = __atomic_fetch_add(&self->next, 1, __ATOMIC_RELAXED);
	if (at < PyTuple_GET_SIZE(items))
		return Py_NewRef(PyTuple_GET_ITEM(items, at));
	self->items = NULL;
	Py_DECREF(items); /* by both, if two come here at once */
	return NULL;
}

static PyObject *drain_next_ok(PyObject *object)
{
	PyObject *result;
	Py_BEGIN_CRITICAL_SECTION(object);
	result = drain_next_bug(object);
	Py_END_CRITICAL_SECTION();
	return result;
}

/* --- Slots: get() takes no lock, and put() uses a slot again that remove() has freed --------- */

enum { SLOTS = 4 };

struct slots {
	PyObject_HEAD;
	PyMutex mutex;
	struct slot {
		int used; /* atomic: the value is there */
		long value;
	} slots[SLOTS];
};

/* The first slot that is not used gets the value; -1: there is none. With the lock held. */
static int fill(struct slots *self, long value)
{
	for (int i = 0; i < SLOTS; i++) {
		struct slot *slot = &self->slots[i];
		if (__atomic_load_n(&slot->used, __ATOMIC_RELAXED))
			continue;
		slot->value = value;
		__atomic_store_n(&slot->used, 1, __ATOMIC_RELEASE);
		return i;
	}
	return -1;
}

static PyObject *slots_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
	long first, second;
	if (!PyArg_ParseTuple(args, "ll", &first, &second))
		return NULL;
	struct slots *self = (struct slots *)type->tp_alloc(type, 0);
	if (self)
		fill(self, first), fill(self, second);
	return (PyObject *)self;
}

static PyObject *slots_put(PyObject *object, PyObject *number)
{
	struct slots *self = (struct slots *)object;
	long value = PyLong_AsLong(number);
	if (value == -1 && PyErr_Occurred())
		return NULL;
	PyMutex_Lock(&self->mutex);
	int at = fill(self, value);
	PyMutex_Unlock(&self->mutex);
	return PyLong_FromLong(at);
}

static struct slot *find(PyObject *self, PyObject *number)
{
	long at = PyLong_AsLong(number);
	if (at == -1 && PyErr_Occurred())
		return NULL;
	if (at >= 0 && at < SLOTS)
		return &((struct slots *)self)->slots[at];
	PyErr_SetString(PyExc_IndexError, "no such slot");
	return NULL;
}

static PyObject *slots_remove(PyObject *self, PyObject *number)
{
	struct slot *slot = find(self, number);
	if (!slot)
		return NULL;
	PyMutex_Lock(&((struct slots *)self)->mutex);
	__atomic_store_n(&slot->used, 0, __ATOMIC_RELEASE);
	PyMutex_Unlock(&((struct slots *)self)->mutex);
	return Py_NewRef(Py_None);
}

static PyObject *slots_get_bug(PyObject *self, PyObject *number)
{
	struct slot *slot = find(self, number);
	if (!slot)
		return NULL;
	bool used = __atomic_load_n(&slot->used, __ATOMIC_ACQUIRE);
	return PyLong_FromLong(used ? slot->value : -1);
}

static PyObject *slots_get_ok(PyObject *self, PyObject *number)
{
	struct slot *slot = find(self, number);
	if (!slot)
		return NULL;
	PyMutex_Lock(&((struct slots *)self)->mutex);
	long value = slot->used ? slot->value : -1;
	PyMutex_Unlock(&((struct slots *)self)->mutex);
	return PyLong_FromLong(value);
}

static Py_ssize_t slots_length(PyObject *object)
{
	struct slots *self = (struct slots *)object;
	Py_ssize_t count = 0;
	for (int i = 0; i < SLOTS; i++)
		count += __atomic_load_n(&self->slots[i].used, __ATOMIC_ACQUIRE);
	return count;
}

/* --- the types ------------------------------------------------------------------------------- */

#define WALK(name)                                                                                 \
	static PyMethodDef walk_##name##_methods[] = { { "add", walk_add, METH_O, NULL },          \
						       { "clear", walk_clear, METH_NOARGS, NULL }, \
						       { "sum", walk_sum_##name, METH_NOARGS,      \
							 NULL },                                   \
						       { 0 } };                                    \
	static PyType_Slot walk_##name[] = { { Py_tp_new, walk_new },                              \
					     { Py_tp_dealloc, walk_dealloc },                      \
					     { Py_tp_methods, walk_##name##_methods },             \
					     { 0, NULL } };
WALK(bug)
WALK(ok)

#define DRAIN(name)                                                                                \
	static PyType_Slot drain_##name[] = { { Py_tp_new, drain_new },                            \
					      { Py_tp_dealloc, drain_dealloc },                    \
					      { Py_tp_iter, PyObject_SelfIter },                   \
					      { Py_tp_iternext, drain_next_##name },               \
					      { 0, NULL } };
DRAIN(bug)
DRAIN(ok)

#define SLOTTED(name)                                                                              \
	static PyMethodDef slots_##name##_methods[] = { { "put", slots_put, METH_O, NULL },        \
							{ "remove", slots_remove, METH_O, NULL },  \
							{ "get", slots_get_##name, METH_O, NULL }, \
							{ 0 } };                                   \
	static PyType_Slot slots_##name[] = { { Py_tp_new, slots_new },                            \
					      { Py_tp_dealloc, free_object },                      \
					      { Py_tp_methods, slots_##name##_methods },           \
					      { Py_mp_length, slots_length },                      \
					      { 0, NULL } };
SLOTTED(bug)
SLOTTED(ok)

int add_containers(PyObject *module)
{
	static PyType_Spec specs[] = {
		SPEC(walk, "Walk_bug", walk_bug),    SPEC(walk, "Walk_ok", walk_ok),
		SPEC(drain, "Drain_bug", drain_bug), SPEC(drain, "Drain_ok", drain_ok),
		SPEC(slots, "Slots_bug", slots_bug), SPEC(slots, "Slots_ok", slots_ok),
	};
	if (PyModule_AddFunctions(module, functions) < 0)
		return -1;
	return add_types(module, specs, sizeof specs / sizeof *specs);
}
