// publish_cpp.cpp - the same in C++: a pointer to data that another thread has just made.
#include "planted.h"

#include <atomic>
#include <sched.h>

namespace
{

// route: a table that is made anew for each change; readers take the current one. Old tables are
// kept, as in a program that reclaims them later.
//
// Bug: the pointer is atomic, but relaxed, so it may arrive before what it points to. memory_order
// relaxed "because it is faster" is safe for a counter, not for a pointer.
struct Table {
	int gate;
	Table *previous;
};

std::atomic<Table *> current_bug{ nullptr };
std::atomic<Table *> current_ok{ nullptr };

STEP Table *make_table(int number, Table *previous)
{
	return new Table{ number, previous };
}

STEP long gate_of(const Table *table)
{
	return table->gate;
}

template <std::memory_order order>
PyObject *change_routes(std::atomic<Table *> &current, PyObject *const *args, Py_ssize_t count)
{
	long repeat;
	if (planted_numbers(args, count, 1, &repeat))
		return nullptr;
	Table *table = nullptr;
	for (long i = 0; i < repeat; i++) {
		table = make_table(static_cast<int>(i), table);
		current.store(table, order);
	}
	Py_RETURN_NONE;
}

template <std::memory_order order>
PyObject *follow_routes(std::atomic<Table *> &current, PyObject *const *args, Py_ssize_t count)
{
	long repeat, sum = 0;
	if (planted_numbers(args, count, 1, &repeat))
		return nullptr;
	Py_BEGIN_ALLOW_THREADS while (!current.load(std::memory_order_relaxed)) sched_yield();
	for (long i = 0; i < repeat; i++)
		sum += gate_of(current.load(order));
	Py_END_ALLOW_THREADS return PyLong_FromLong(sum);
}

PyObject *change_routes_bug(PyObject *, PyObject *const *args, Py_ssize_t count)
{
	return change_routes<std::memory_order_relaxed>(current_bug, args, count);
}

PyObject *change_routes_ok(PyObject *, PyObject *const *args, Py_ssize_t count)
{
	return change_routes<std::memory_order_release>(current_ok, args, count);
}

PyObject *follow_routes_bug(PyObject *, PyObject *const *args, Py_ssize_t count)
{
	return follow_routes<std::memory_order_relaxed>(current_bug, args, count);
}

PyObject *follow_routes_ok(PyObject *, PyObject *const *args, Py_ssize_t count)
{
	return follow_routes<std::memory_order_acquire>(current_ok, args, count);
}

PyMethodDef functions[] = {
	PLANTED(change_routes_bug, "(repeat)"), PLANTED(change_routes_ok, "(repeat)"),
	PLANTED(follow_routes_bug, "(repeat)"), PLANTED(follow_routes_ok, "(repeat)"),
	{ nullptr, nullptr, 0, nullptr },
};

} // namespace

int planted_add_publish_cpp(PyObject *module)
{
	return PyModule_AddFunctions(module, functions);
}
