/*
 * planted_pairs.h - types with a fault in a pair of operations: NAME_bug. NAME_ok has the same
 * methods, without the fault.
 */
#ifndef PLANTED_PAIRS_H
#define PLANTED_PAIRS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef PyObject *method(PyObject *self, PyObject *argument);

#define ENTRY(name, flags) { #name, name, flags, NULL }
#define SPEC(type, kind, slots)                                                                    \
	{ "planted_pairs._c." kind, sizeof(struct type), 0, Py_TPFLAGS_DEFAULT, slots }

/* Each adds its types, or functions, to the module; -1: an exception is set. */
int add_containers(PyObject *module);
int add_objects(PyObject *module);
int add_capsules(PyObject *module);

int add_types(PyObject *module, PyType_Spec *specs, size_t count);

/* The end of an object that holds nothing any more. */
void free_object(PyObject *self);

#endif
