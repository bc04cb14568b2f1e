/* module.c - the module itself: it collects the themes. */
#include "planted.h"

int planted_add_type(PyObject *module, PyType_Spec *spec)
{
	PyObject *type = PyType_FromModuleAndSpec(module, spec, NULL);
	if (!type)
		return -1;
	int failed = PyModule_AddType(module, (PyTypeObject *)type);
	Py_DECREF(type);
	return failed;
}

int planted_hide_type(PyObject *module, PyType_Spec *spec, PyObject **type)
{
	*type = PyType_FromModuleAndSpec(module, spec, NULL);
	return *type ? 0 : -1;
}

int planted_numbers(PyObject *const *args, Py_ssize_t count, Py_ssize_t expected, long *numbers)
{
	if (count != expected) {
		PyErr_Format(PyExc_TypeError, "%zd arguments expected, not %zd", expected, count);
		return -1;
	}
	for (Py_ssize_t i = 0; i < count; i++) {
		numbers[i] = PyLong_AsLong(args[i]);
		if (numbers[i] == -1 && PyErr_Occurred())
			return -1;
	}
	return 0;
}

static int exec_module(PyObject *module)
{
	int (*const themes[])(PyObject *) = {
		planted_add_meeting,   planted_add_counters,    planted_add_caches,
		planted_add_statics,   planted_add_objects,     planted_add_buffers,
		planted_add_publish,   planted_add_publish_cpp, planted_add_once,
		planted_add_locking,   planted_add_containers,  planted_add_workers,
		planted_add_crashes,   planted_add_shelf,       planted_add_memory,
		planted_add_refcounts, planted_add_borrowed,    planted_add_leaks,
		planted_add_kept,      planted_add_checked,
	};
	for (size_t i = 0; i < sizeof themes / sizeof *themes; i++)
		if (themes[i](module))
			return -1;
	return 0;
}

static PyModuleDef_Slot slots[] = {
	{ Py_mod_exec, exec_module },
	/* The state of most themes is static, as in many extension modules. */
	{ Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED },
	{ Py_mod_gil, Py_MOD_GIL_NOT_USED },
	{ 0, NULL },
};

static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT,
	.m_name = "_planted",
	.m_doc = "Races of extension modules: each NAME_bug has a race, its twin NAME_ok is "
		 "correct.",
	.m_slots = slots,
};

PyMODINIT_FUNC PyInit__planted(void)
{
	return PyModuleDef_Init(&definition);
}
