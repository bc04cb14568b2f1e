/*
 * module.cpp - C++'s part, with pybind11: a lock on one side only, and a plain reference count that
 * two objects share. The lock of each object does not help there: there are two of them.
 */
#include <pybind11/pybind11.h>

#include <atomic>
#include <mutex>

namespace py = pybind11;

namespace {

/* OneSide: who sets takes the lock, who gets does not. */
template <bool locks> class OneSide
{
	std::mutex mutex;
	long value = 0;

    public:
	void set(long to)
	{
		std::lock_guard<std::mutex> guard(mutex);
		value = to;
	}
	long get()
	{
		if (!locks)
			return value;
		std::lock_guard<std::mutex> guard(mutex);
		return value;
	}
};

/* Handle: objects that share a core, which counts them. */
template <typename Count> class Handle
{
	struct core {
		Count users{ 1 };
		long value = 7;
	} *shared;
	std::mutex mutex;

	explicit Handle(core *other) : shared(other)
	{
		shared->users++;
	}

    public:
	Handle() : shared(new core)
	{
	}
	~Handle()
	{
		if (--shared->users == 0)
			delete shared;
	}
	Handle(const Handle &) = delete;
	Handle &operator=(const Handle &) = delete;

	Handle *share()
	{
		std::lock_guard<std::mutex> guard(mutex);
		return new Handle(shared);
	}
	long users()
	{
		std::lock_guard<std::mutex> guard(mutex);
		return shared->users;
	}
};

template <bool locks> void add_one_side(py::module_ &module, const char *name)
{
	using Type = OneSide<locks>;
	py::class_<Type>(module, name)
		.def(py::init<>())
		.def("set", &Type::set)
		.def("get", &Type::get);
}

template <typename Count> void add_handle(py::module_ &module, const char *name)
{
	using Type = Handle<Count>;
	py::class_<Type>(module, name)
		.def(py::init<>())
		.def("share", &Type::share, py::return_value_policy::take_ownership)
		.def("users", &Type::users);
}

} // namespace

PYBIND11_MODULE(_cpp, module, py::mod_gil_not_used())
{
	add_one_side<false>(module, "OneSide_bug");
	add_one_side<true>(module, "OneSide_ok");
	add_handle<long>(module, "Handle_bug");
	add_handle<std::atomic<long>>(module, "Handle_ok");
}
