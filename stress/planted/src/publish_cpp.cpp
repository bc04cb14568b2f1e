// publish_cpp.cpp - the same in C++: a pointer to data that another thread has just made.
#include "planted.h"

#include <atomic>

namespace {

// route: a table that is made anew for each change; readers take the current one. Old tables are
// kept, as in a program that reclaims them later.
//
// Bug: the pointer is atomic, but relaxed, so it may arrive before what it points to. memory_order
// relaxed "because it is faster" is safe for a counter, not for a pointer.
struct Table {
	long gate;
	Table *previous;
};

std::atomic<Table *> current_bug{ nullptr };
std::atomic<Table *> current_ok{ nullptr };

STEP Table *make_table(long number, Table *previous)
{
	return new Table{ number, previous };
}

STEP long gate_of(const Table *table)
{
	return table->gate;
}

template <std::memory_order order>
PyObject *change_routes(std::atomic<Table *> &current, PyObject *args)
{
	long repeat;
	if (!PyArg_ParseTuple(args, "l", &repeat))
		return nullptr;
	Table *table = nullptr;
	for (long i = 0; i < repeat; i++) {
		table = make_table(i, table);
		current.store(table, order);
	}
	Py_RETURN_NONE;
}

template <std::memory_order order>
PyObject *follow_routes(std::atomic<Table *> &current, PyObject *args)
{
	long repeat, sum = 0;
	if (!PyArg_ParseTuple(args, "l", &repeat))
		return nullptr;
	for (long i = 0; i < repeat; i++)
		if (const Table *table = current.load(order))
			sum += gate_of(table);
	return PyLong_FromLong(sum);
}

PyObject *change_routes_bug(PyObject *, PyObject *args)
{
	return change_routes<std::memory_order_relaxed>(current_bug, args);
}

PyObject *change_routes_ok(PyObject *, PyObject *args)
{
	return change_routes<std::memory_order_release>(current_ok, args);
}

PyObject *follow_routes_bug(PyObject *, PyObject *args)
{
	return follow_routes<std::memory_order_relaxed>(current_bug, args);
}

PyObject *follow_routes_ok(PyObject *, PyObject *args)
{
	return follow_routes<std::memory_order_acquire>(current_ok, args);
}

PyMethodDef functions[] = {
	{ "change_routes_bug", change_routes_bug, METH_VARARGS, "change_routes_bug(repeat)" },
	{ "change_routes_ok", change_routes_ok, METH_VARARGS, "change_routes_ok(repeat)" },
	{ "follow_routes_bug", follow_routes_bug, METH_VARARGS, "follow_routes_bug(repeat)" },
	{ "follow_routes_ok", follow_routes_ok, METH_VARARGS, "follow_routes_ok(repeat)" },
	{ nullptr, nullptr, 0, nullptr },
};

} // namespace

int planted_add_publish_cpp(PyObject *module)
{
	return PyModule_AddFunctions(module, functions);
}
