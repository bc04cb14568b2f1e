/*
 * module.c - functions that call a function with a lock held: f(lock number, callable), or
 * f(object, callable) for critical sections.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

PyMODINIT_FUNC PyInit__locks(void);
void standard_lock(int number);
void standard_unlock(int number);

static PyMutex mutexes[4];
static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t readers = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;

static pthread_mutex_t *native(int number)
{
	return number ? &second : &first;
}

/* A lock as Rust's std::sync::Mutex: no library that could be watched has a part in it. */
static uint32_t futex_word; /* 0 free, 1 taken */

static void futex_lock(void)
{
	while (__atomic_exchange_n(&futex_word, 1, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &futex_word, FUTEX_WAIT_PRIVATE, 1, NULL);
}

static void futex_unlock(void)
{
	__atomic_store_n(&futex_word, 0, __ATOMIC_RELEASE);
	syscall(SYS_futex, &futex_word, FUTEX_WAKE_PRIVATE, 1);
}

static PyObject *with_futex(PyObject *module, PyObject *call)
{
	futex_lock();
	PyObject *result = PyObject_CallNoArgs(call);
	futex_unlock();
	return result;
}

static PyObject *with_futex_detached(PyObject *module, PyObject *call)
{
	Py_BEGIN_ALLOW_THREADS futex_lock();
	Py_END_ALLOW_THREADS PyObject *result = PyObject_CallNoArgs(call);
	futex_unlock();
	return result;
}

static PyObject *with_mutex(PyObject *module, PyObject *arguments)
{
	int number;
	PyObject *call;
	if (!PyArg_ParseTuple(arguments, "iO", &number, &call))
		return NULL;
	PyMutex_Lock(&mutexes[number]);
	PyObject *result = PyObject_CallNoArgs(call);
	PyMutex_Unlock(&mutexes[number]);
	return result;
}

static PyObject *with_native(PyObject *module, PyObject *arguments)
{
	int number;
	PyObject *call;
	if (!PyArg_ParseTuple(arguments, "iO", &number, &call))
		return NULL;
	pthread_mutex_lock(native(number));
	PyObject *result = PyObject_CallNoArgs(call);
	pthread_mutex_unlock(native(number));
	return result;
}

/* Waits detached, as an extension should. */
static PyObject *with_native_detached(PyObject *module, PyObject *arguments)
{
	int number;
	PyObject *call;
	if (!PyArg_ParseTuple(arguments, "iO", &number, &call))
		return NULL;
	Py_BEGIN_ALLOW_THREADS pthread_mutex_lock(native(number));
	Py_END_ALLOW_THREADS PyObject *result = PyObject_CallNoArgs(call);
	pthread_mutex_unlock(native(number));
	return result;
}

static PyObject *with_reader(PyObject *module, PyObject *call)
{
	pthread_rwlock_rdlock(&readers);
	PyObject *result = PyObject_CallNoArgs(call);
	pthread_rwlock_unlock(&readers);
	return result;
}

static PyObject *with_writer(PyObject *module, PyObject *call)
{
	pthread_rwlock_wrlock(&readers);
	PyObject *result = PyObject_CallNoArgs(call);
	pthread_rwlock_unlock(&readers);
	return result;
}

static PyObject *with_spin(PyObject *module, PyObject *call)
{
	pthread_spin_lock(&spin);
	PyObject *result = PyObject_CallNoArgs(call);
	pthread_spin_unlock(&spin);
	return result;
}

/* Gives up after five seconds, as std::timed_mutex::try_lock_for() does it. */
static PyObject *with_native_timed(PyObject *module, PyObject *arguments)
{
	int number;
	PyObject *call;
	struct timespec until;
	if (!PyArg_ParseTuple(arguments, "iO", &number, &call))
		return NULL;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += 5;
	if (pthread_mutex_clocklock(native(number), CLOCK_MONOTONIC, &until))
		Py_RETURN_NONE;
	PyObject *result = PyObject_CallNoArgs(call);
	pthread_mutex_unlock(native(number));
	return result;
}

/* Locks of the interpreter's own, exported but not declared for others (pycore_lock.h). */
void _PyRWMutex_RLock(void *mutex);
void _PyRWMutex_RUnlock(void *mutex);
void _PyRWMutex_Lock(void *mutex);
void _PyRWMutex_Unlock(void *mutex);
int _PyOnceFlag_CallOnceSlow(void *flag, int (*function)(void *), void *argument);

static uintptr_t rwmutex;
static uint8_t once;

static PyObject *with_rwmutex_reader(PyObject *module, PyObject *call)
{
	_PyRWMutex_RLock(&rwmutex);
	PyObject *result = PyObject_CallNoArgs(call);
	_PyRWMutex_RUnlock(&rwmutex);
	return result;
}

static PyObject *with_rwmutex_writer(PyObject *module, PyObject *call)
{
	_PyRWMutex_Lock(&rwmutex);
	PyObject *result = PyObject_CallNoArgs(call);
	_PyRWMutex_Unlock(&rwmutex);
	return result;
}

/* Fails, so that the next one tries again. */
static int call_and_fail(void *call)
{
	Py_XDECREF(PyObject_CallNoArgs(call));
	return -1;
}

static PyObject *with_once(PyObject *module, PyObject *call)
{
	_PyOnceFlag_CallOnceSlow(&once, call_and_fail, call);
	if (PyErr_Occurred())
		return NULL;
	Py_RETURN_NONE;
}

static PyObject *with_standard(PyObject *module, PyObject *arguments)
{
	int number;
	PyObject *call;
	if (!PyArg_ParseTuple(arguments, "iO", &number, &call))
		return NULL;
	standard_lock(number);
	PyObject *result = PyObject_CallNoArgs(call);
	standard_unlock(number);
	return result;
}

static PyObject *with_section(PyObject *module, PyObject *arguments)
{
	PyObject *object, *call, *result;
	if (!PyArg_ParseTuple(arguments, "OO", &object, &call))
		return NULL;
	Py_BEGIN_CRITICAL_SECTION(object);
	result = PyObject_CallNoArgs(call);
	Py_END_CRITICAL_SECTION();
	return result;
}

static PyObject *with_sections(PyObject *module, PyObject *arguments)
{
	PyObject *one, *other, *call, *result;
	if (!PyArg_ParseTuple(arguments, "OOO", &one, &other, &call))
		return NULL;
	Py_BEGIN_CRITICAL_SECTION2(one, other);
	result = PyObject_CallNoArgs(call);
	Py_END_CRITICAL_SECTION2();
	return result;
}

static PyObject *detach(PyObject *module, PyObject *unused)
{
	Py_BEGIN_ALLOW_THREADS Py_END_ALLOW_THREADS Py_RETURN_NONE;
}

static PyObject *with_standard_detached(PyObject *module, PyObject *arguments)
{
	int number;
	PyObject *call;
	if (!PyArg_ParseTuple(arguments, "iO", &number, &call))
		return NULL;
	Py_BEGIN_ALLOW_THREADS standard_lock(number);
	Py_END_ALLOW_THREADS PyObject *result = PyObject_CallNoArgs(call);
	standard_unlock(number);
	return result;
}

static PyMethodDef methods[] = {
	{ "with_mutex", with_mutex, METH_VARARGS, "PyMutex 0..3" },
	{ "with_native", with_native, METH_VARARGS, "pthread mutex 0 or 1, waits attached" },
	{ "with_native_detached", with_native_detached, METH_VARARGS, "the same, waits detached" },
	{ "with_reader", with_reader, METH_O, "pthread rwlock, for reading" },
	{ "with_writer", with_writer, METH_O, "the same rwlock, for writing" },
	{ "with_spin", with_spin, METH_O, "pthread spin lock" },
	{ "with_native_timed", with_native_timed, METH_VARARGS, "gives up after five seconds" },
	{ "with_rwmutex_reader", with_rwmutex_reader, METH_O, "_PyRWMutex, for reading" },
	{ "with_rwmutex_writer", with_rwmutex_writer, METH_O, "the same, for writing" },
	{ "with_once", with_once, METH_O, "once-flag that is never done" },
	{ "with_standard", with_standard, METH_VARARGS, "std::mutex 0 or 1" },
	{ "with_standard_detached", with_standard_detached, METH_VARARGS,
	  "the same, waits detached" },
	{ "with_futex", with_futex, METH_O, "a lock as Rust's, waits attached" },
	{ "with_futex_detached", with_futex_detached, METH_O, "the same, waits detached" },
	{ "with_section", with_section, METH_VARARGS, "critical section of an object" },
	{ "with_sections", with_sections, METH_VARARGS, "critical section of two objects" },
	{ "detach", detach, METH_NOARGS, "detach and attach again" },
	{ NULL },
};

static int start(PyObject *module)
{
	return pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE) ? -1 : 0;
}

static PyModuleDef_Slot slots[] = { { Py_mod_exec, start },
				    { Py_mod_gil, Py_MOD_GIL_NOT_USED },
				    { 0 } };

static PyModuleDef definition = { PyModuleDef_HEAD_INIT, .m_name = "_locks", .m_methods = methods,
				  .m_slots = slots };

PyMODINIT_FUNC PyInit__locks(void)
{
	return PyModuleDef_Init(&definition);
}
