/*
 * planted.h - what the files of _planted share.
 *
 * One file is one theme. A theme defines functions and types in pairs, NAME_bug and NAME_ok, and
 * adds them to the module in its planted_add_THEME(). The bugs are data races that ThreadSanitizer
 * can see. A race detector has to be able to rely on them, so
 *   - a call repeats its step thousands of times without a lock in between: locks and shared
 *     reference counts would order the threads by accident;
 *   - the wrong results are harmless: counts are lost, nothing is freed twice or overrun.
 * The steps are not inlined, or the compiler would make one access of a thousand. A bug's accesses
 * are in as few functions as can be, so that it is one finding, and that one comes every time.
 */
#ifndef PLANTED_H
#define PLANTED_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define STEP __attribute__((noinline))

#ifdef __cplusplus
extern "C" {
#endif

/* Each returns 0, or -1 with an exception. */
int planted_add_meeting(PyObject *module);
int planted_add_counters(PyObject *module);
int planted_add_caches(PyObject *module);
int planted_add_statics(PyObject *module);
int planted_add_objects(PyObject *module);
int planted_add_buffers(PyObject *module);
int planted_add_publish(PyObject *module);
int planted_add_publish_cpp(PyObject *module);
int planted_add_once(PyObject *module);
int planted_add_locking(PyObject *module);
int planted_add_containers(PyObject *module);
int planted_add_workers(PyObject *module);
int planted_add_crashes(PyObject *module);
int planted_add_shelf(PyObject *module);
int planted_add_memory(PyObject *module);
int planted_add_refcounts(PyObject *module);
int planted_add_borrowed(PyObject *module);
int planted_add_leaks(PyObject *module);
int planted_add_kept(PyObject *module);
int planted_add_checked(PyObject *module);

/*
 * Reads the arguments of a METH_FASTCALL function: `expected` whole numbers. Functions take their
 * arguments this way because a tuple for them would be allocated, and the allocator orders threads.
 * Returns 0, or -1 with an exception.
 */
int planted_numbers(PyObject *const *args, Py_ssize_t count, Py_ssize_t expected, long *numbers);

/* An entry of PyMethodDef for a METH_FASTCALL function of the same name. */
#define PLANTED(name, arguments)                                                                   \
	{ #name, (PyCFunction)(void (*)(void))name, METH_FASTCALL, #name arguments }

/* Makes a type from its spec and adds it to the module. */
int planted_add_type(PyObject *module, PyType_Spec *spec);

/*
 * Makes a type from its spec, and does not add it: what its methods do to memory is of use to their own
 * cases alone, and not to pairs of the methods of each type that the module has. Returns 0 or -1.
 */
int planted_hide_type(PyObject *module, PyType_Spec *spec, PyObject **type);

#ifdef __cplusplus
}
#endif

#endif
