/*
 * objects.c - memory that a callback lets go, an exception that is used after its lock is given
 * back, numbers that are given out twice although all is atomic, and two objects that lock each
 * other.
 */
#include "planted_pairs.h"

/* --- Calls: each() calls a function with each number; the lock is given back meanwhile ------- */

struct calls {
	PyObject_HEAD;
	long *numbers;
	Py_ssize_t count;
};

static PyObject *calls_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
	PyObject *given;
	if (!PyArg_ParseTuple(args, "O!", &PyTuple_Type, &given))
		return NULL;
	struct calls *self = (struct calls *)type->tp_alloc(type, 0);
	if (!self || PyTuple_GET_SIZE(given) == 0)
		return (PyObject *)self;
	self->numbers = malloc((size_t)PyTuple_GET_SIZE(given) * sizeof *self->numbers);
	if (!self->numbers) {
		Py_DECREF(self);
		return PyErr_NoMemory();
	}
	self->count = PyTuple_GET_SIZE(given);
	for (Py_ssize_t i = 0; i < self->count; i++)
		self->numbers[i] = PyLong_AsLong(PyTuple_GET_ITEM(given, i));
	if (PyErr_Occurred())
		Py_CLEAR(self);
	return (PyObject *)self;
}

static void calls_dealloc(PyObject *self)
{
	free(((struct calls *)self)->numbers);
	free_object(self);
}

static PyObject *calls_clear(PyObject *object, PyObject *unused)
{
	struct calls *self = (struct calls *)object;
	Py_BEGIN_CRITICAL_SECTION(object);
	free(self->numbers);
	self->numbers = NULL;
	self->count = 0;
	Py_END_CRITICAL_SECTION();
	return Py_NewRef(Py_None);
}

static PyObject *call_each(PyObject *function, const long *numbers, Py_ssize_t count)
{
	for (Py_ssize_t i = 0; i < count; i++) {
		PyObject *result = PyObject_CallFunction(function, "l", numbers[i]);
		if (!result)
			return NULL;
		Py_DECREF(result);
	}
	return Py_NewRef(Py_None);
}

/* A critical section is suspended whenever the thread waits: also in the function's middle. */
static PyObject *calls_each_bug(PyObject *object, PyObject *function)
{
	struct calls *self = (struct calls *)object;
	PyObject *result;
	Py_BEGIN_CRITICAL_SECTION(object);
	result = call_each(function, self->numbers, self->count);
	Py_END_CRITICAL_SECTION();
	return result;
}

static PyObject *calls_each_ok(PyObject *object, PyObject *function)
{
	struct calls *self = (struct calls *)object;
	long *own = NULL;
	Py_ssize_t count;
	Py_BEGIN_CRITICAL_SECTION(object);
	count = self->count;
	if (count && (own = malloc((size_t)count * sizeof *own)))
		memcpy(own, self->numbers, (size_t)count * sizeof *own);
	Py_END_CRITICAL_SECTION();
	PyObject *result = count && !own ? PyErr_NoMemory() : call_each(function, own, count);
	free(own);
	return result;
}

/* --- Parser: the last exception is kept under the lock, and used without it ------------------ */

struct parser {
	PyObject_HEAD;
	PyMutex mutex;
	PyObject *error; /* or NULL */
};

static void parser_dealloc(PyObject *self)
{
	Py_XDECREF(((struct parser *)self)->error);
	free_object(self);
}

static void keep(struct parser *self, PyObject *error)
{
	PyMutex_Lock(&self->mutex);
	PyObject *old = self->error;
	self->error = error;
	PyMutex_Unlock(&self->mutex);
	Py_XDECREF(old);
}

static PyObject *parser_parse_bug(PyObject *object, PyObject *text)
{
	struct parser *self = (struct parser *)object;
	PyObject *number = PyNumber_Long(text);
	if (number)
		return number;
	keep(self, PyErr_GetRaisedException());
	return PyUnicode_FromString(Py_TYPE(self->error)->tp_name); /* whose error is it by now? */
}

static PyObject *parser_parse_ok(PyObject *object, PyObject *text)
{
	PyObject *number = PyNumber_Long(text);
	if (number)
		return number;
	PyObject *error = PyErr_GetRaisedException();
	keep((struct parser *)object, Py_NewRef(error));
	PyObject *name = PyUnicode_FromString(Py_TYPE(error)->tp_name);
	Py_DECREF(error);
	return name;
}

static PyObject *parser_error(PyObject *object, PyObject *unused)
{
	struct parser *self = (struct parser *)object;
	PyMutex_Lock(&self->mutex);
	PyObject *error = Py_NewRef(self->error ? self->error : Py_None);
	PyMutex_Unlock(&self->mutex);
	return error;
}

/* --- Tickets: each number is to be given out once; no access is a race ----------------------- */

struct tickets {
	PyObject_HEAD;
	long next; /* atomic */
};

static PyObject *tickets_take_bug(PyObject *object, PyObject *unused)
{
	struct tickets *self = (struct tickets *)object;
	long number = __atomic_load_n(&self->next, __ATOMIC_ACQUIRE);
	PyObject *ticket = PyLong_FromLong(number);
	__atomic_store_n(&self->next, number + 1, __ATOMIC_RELEASE);
	return ticket;
}

static PyObject *tickets_take_ok(PyObject *object, PyObject *unused)
{
	struct tickets *self = (struct tickets *)object;
	return PyLong_FromLong(__atomic_fetch_add(&self->next, 1, __ATOMIC_ACQ_REL));
}

static Py_ssize_t tickets_length(PyObject *self)
{
	return __atomic_load_n(&((struct tickets *)self)->next, __ATOMIC_ACQUIRE);
}

/* --- Pot: merge() holds the lock of one object and takes that of another --------------------- */

struct pot {
	PyObject_HEAD;
	PyMutex mutex;
	long amount;
};

static PyObject *pot_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
	long amount;
	if (!PyArg_ParseTuple(args, "l", &amount))
		return NULL;
	struct pot *self = (struct pot *)type->tp_alloc(type, 0);
	if (self)
		self->amount = amount;
	return (PyObject *)self;
}

/* Takes both locks, the first one first, and moves what the other pot has. */
static void move(struct pot *self, struct pot *other, struct pot *first, struct pot *second)
{
	PyMutex_Lock(&first->mutex);
	PyMutex_Lock(&second->mutex);
	self->amount += other->amount;
	other->amount = 0;
	PyMutex_Unlock(&second->mutex);
	PyMutex_Unlock(&first->mutex);
}

static bool is_another(PyObject *self, PyObject *other)
{
	if (Py_TYPE(other) == Py_TYPE(self) && other != self)
		return true;
	PyErr_SetString(PyExc_TypeError, "another pot is wanted");
	return false;
}

static PyObject *pot_merge_bug(PyObject *object, PyObject *with)
{
	struct pot *self = (struct pot *)object, *other = (struct pot *)with;
	if (!is_another(object, with))
		return NULL;
	move(self, other, self, other);
	return Py_NewRef(Py_None);
}

static PyObject *pot_merge_ok(PyObject *object, PyObject *with)
{
	struct pot *self = (struct pot *)object, *other = (struct pot *)with;
	if (!is_another(object, with))
		return NULL;
	bool by_address = self < other;
	move(self, other, by_address ? self : other, by_address ? other : self);
	return Py_NewRef(Py_None);
}

static PyObject *pot_amount(PyObject *object, PyObject *unused)
{
	struct pot *self = (struct pot *)object;
	PyMutex_Lock(&self->mutex);
	long amount = self->amount;
	PyMutex_Unlock(&self->mutex);
	return PyLong_FromLong(amount);
}

/* --- the types ------------------------------------------------------------------------------- */

#define TYPES(name)                                                                                \
	static PyMethodDef calls_##name##_methods[] = {                                            \
		{ "each", calls_each_##name, METH_O, NULL },                                       \
		{ "clear", calls_clear, METH_NOARGS, NULL },                                       \
		{ 0 }                                                                              \
	};                                                                                         \
	static PyType_Slot calls_##name[] = { { Py_tp_new, calls_new },                            \
					      { Py_tp_dealloc, calls_dealloc },                    \
					      { Py_tp_methods, calls_##name##_methods },           \
					      { 0, NULL } };                                       \
	static PyMethodDef parser_##name##_methods[] = {                                           \
		{ "parse", parser_parse_##name, METH_O, NULL },                                    \
		{ "error", parser_error, METH_NOARGS, NULL },                                      \
		{ 0 }                                                                              \
	};                                                                                         \
	static PyType_Slot parser_##name[] = { { Py_tp_dealloc, parser_dealloc },                  \
					       { Py_tp_methods, parser_##name##_methods },         \
					       { 0, NULL } };                                      \
	static PyMethodDef tickets_##name##_methods[] = {                                          \
		{ "take", tickets_take_##name, METH_NOARGS, NULL }, { 0 }                          \
	};                                                                                         \
	static PyType_Slot tickets_##name[] = { { Py_tp_dealloc, free_object },                    \
						{ Py_mp_length, tickets_length },                  \
						{ Py_tp_methods, tickets_##name##_methods },       \
						{ 0, NULL } };                                     \
	static PyMethodDef pot_##name##_methods[] = { { "merge", pot_merge_##name, METH_O, NULL }, \
						      { "amount", pot_amount, METH_NOARGS, NULL }, \
						      { 0 } };                                     \
	static PyType_Slot pot_##name[] = { { Py_tp_new, pot_new },                                \
					    { Py_tp_dealloc, free_object },                        \
					    { Py_tp_methods, pot_##name##_methods },               \
					    { 0, NULL } };
TYPES(bug)
TYPES(ok)

int add_objects(PyObject *module)
{
	static PyType_Spec specs[] = {
		SPEC(calls, "Calls_bug", calls_bug),
		SPEC(calls, "Calls_ok", calls_ok),
		SPEC(parser, "Parser_bug", parser_bug),
		SPEC(parser, "Parser_ok", parser_ok),
		SPEC(tickets, "Tickets_bug", tickets_bug),
		SPEC(tickets, "Tickets_ok", tickets_ok),
		SPEC(pot, "Pot_bug", pot_bug),
		SPEC(pot, "Pot_ok", pot_ok),
	};
	return add_types(module, specs, sizeof specs / sizeof *specs);
}
