// publish_cpp.cpp - the same in C++: a pointer to data that another thread has just made.
#include "planted.h"

#include <atomic>
#include <sched.h>

namespace
{

// route: a table that is made anew for each change; readers take the current one.
//
// Bug: the pointer is atomic, but relaxed, so it may arrive before what it points to. memory_order
// relaxed "because it is faster" is safe for a counter, not for a pointer.
constexpr long tables = 1024;

struct Table {
	int gate;
};

struct Routes {
	Table table[tables]; // each is written once
	std::atomic<Table *> current;
};

Routes routes_bug, routes_ok;

STEP void write_table(Table *table, int number)
{
	table->gate = number % 7;
}

STEP int gate_of(const Table *table)
{
	return table->gate;
}

template <std::memory_order order> PyObject *change_routes(Routes &routes)
{
	for (int i = 0; i < tables; i++) {
		write_table(&routes.table[i], i);
		routes.current.store(&routes.table[i], order);
	}
	Py_RETURN_NONE;
}

template <std::memory_order order>
PyObject *follow_routes(Routes &routes, PyObject *const *args, Py_ssize_t count)
{
	long repeat, sum = 0;
	if (planted_numbers(args, count, 1, &repeat))
		return nullptr;
	Py_BEGIN_ALLOW_THREADS while (!routes.current.load(std::memory_order_relaxed))
		sched_yield();
	for (long i = 0; i < repeat; i++)
		sum += gate_of(routes.current.load(order));
	Py_END_ALLOW_THREADS return PyLong_FromLong(sum);
}

PyObject *change_routes_bug(PyObject *, PyObject *)
{
	return change_routes<std::memory_order_relaxed>(routes_bug);
}

PyObject *change_routes_ok(PyObject *, PyObject *)
{
	return change_routes<std::memory_order_release>(routes_ok);
}

PyObject *follow_routes_bug(PyObject *, PyObject *const *args, Py_ssize_t count)
{
	return follow_routes<std::memory_order_relaxed>(routes_bug, args, count);
}

PyObject *follow_routes_ok(PyObject *, PyObject *const *args, Py_ssize_t count)
{
	return follow_routes<std::memory_order_acquire>(routes_ok, args, count);
}

PyMethodDef functions[] = {
	{ "change_routes_bug", change_routes_bug, METH_NOARGS, "change_routes_bug()" },
	PLANTED(change_routes_ok, "(repeat)"),
	PLANTED(follow_routes_bug, "(repeat)"),
	PLANTED(follow_routes_ok, "(repeat)"),
	{ nullptr, nullptr, 0, nullptr },
};

} // namespace

int planted_add_publish_cpp(PyObject *module)
{
	return PyModule_AddFunctions(module, functions);
}
