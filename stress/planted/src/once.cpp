// once.cpp - what is made at the first call, once: by a local static, std::call_once(), pthread_once() and C11's
// call_once(). They order who comes later after the making, by code that no package is compiled with: the C++ library's
// and the C library's.
#include "planted.h"

#include <atomic>
#include <mutex>
#include <pthread.h>
#include <threads.h>

namespace
{

constexpr int entries = 64;

// A table that takes its time to be made, so that the second thread finds the first one at it.
struct Table {
	long entry[entries];
	long last; // of the entries that was asked for
	Table() : last(0)
	{
		for (int i = 0; i < entries; i++)
			entry[i] = i * 2540L;
	}
};

// inches: a local static, which the compiler guards (__cxa_guard_acquire).
//
// Bug: the guard is for the making alone. What was asked for last is noted in the table, with no lock: a cache in a
// const function, of the time when there was the GIL.
STEP Table &table_of_inches()
{
	static Table table;
	return table;
}

STEP long inches_ok_step(long number)
{
	return table_of_inches().entry[number % entries];
}

STEP long inches_bug_step(long number)
{
	Table &table = table_of_inches();
	table.last = number;
	return table.entry[number % entries];
}

// miles: std::call_once() for one third, pthread_once() for another, call_once() of C for the last.
//
// Bug: a relaxed flag is looked at first, as the call is so slow. Who sees it set need not see the table.
std::once_flag once_bug, once_ok;
pthread_once_t posix_once_ok = PTHREAD_ONCE_INIT;
::once_flag c_once_ok = ONCE_FLAG_INIT;
long miles_bug[entries], miles_ok[entries], posix_miles_ok[entries], c_miles_ok[entries];
std::atomic<bool> made_bug;

STEP void fill_miles(long *miles)
{
	for (int i = 0; i < entries; i++)
		miles[i] = i * 1609L;
}

void fill_posix_miles()
{
	fill_miles(posix_miles_ok);
}

void fill_c_miles()
{
	fill_miles(c_miles_ok);
}

STEP long miles_ok_step(long number)
{
	std::call_once(once_ok, fill_miles, miles_ok);
	pthread_once(&posix_once_ok, fill_posix_miles);
	::call_once(&c_once_ok, fill_c_miles);
	number %= entries;
	return miles_ok[number] + posix_miles_ok[number] + c_miles_ok[number];
}

STEP long miles_bug_step(long number)
{
	if (!made_bug.load(std::memory_order_relaxed)) {
		std::call_once(once_bug, fill_miles, miles_bug);
		made_bug.store(true, std::memory_order_relaxed);
	}
	return 3 * miles_bug[number % entries];
}

template <long step(long)> PyObject *sum(PyObject *, PyObject *const *args, Py_ssize_t count)
{
	long repeat, total = 0;
	if (planted_numbers(args, count, 1, &repeat))
		return nullptr;
	for (long i = 0; i < repeat; i++)
		total += step(i);
	return PyLong_FromLong(total);
}

PyCFunction as_method(PyObject *(*function)(PyObject *, PyObject *const *, Py_ssize_t))
{
	return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

PyMethodDef functions[] = {
	{ "sum_inches_bug", as_method(sum<inches_bug_step>), METH_FASTCALL,
	  "sum_inches_bug(repeat)" },
	{ "sum_inches_ok", as_method(sum<inches_ok_step>), METH_FASTCALL, "sum_inches_ok(repeat)" },
	{ "sum_miles_bug", as_method(sum<miles_bug_step>), METH_FASTCALL, "sum_miles_bug(repeat)" },
	{ "sum_miles_ok", as_method(sum<miles_ok_step>), METH_FASTCALL, "sum_miles_ok(repeat)" },
	{ nullptr, nullptr, 0, nullptr },
};

} // namespace

int planted_add_once(PyObject *module)
{
	return PyModule_AddFunctions(module, functions);
}
