/* module.c - see planted_pairs.h. */
#include "planted_pairs.h"

PyMODINIT_FUNC PyInit__c(void);

int add_types(PyObject *module, PyType_Spec *specs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		PyObject *type = PyType_FromModuleAndSpec(module, &specs[i], NULL);
		if (!type || PyModule_AddType(module, (PyTypeObject *)type) < 0) {
			Py_XDECREF(type);
			return -1;
		}
		Py_DECREF(type);
	}
	return 0;
}

void free_object(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);
	type->tp_free(self);
	Py_DECREF(type);
}

static int execute(PyObject *module)
{
	if (add_containers(module) < 0 || add_capsules(module) < 0)
		return -1;
	return add_objects(module);
}

static PyModuleDef_Slot slots[] = { { Py_mod_exec, execute },
				    { Py_mod_gil, Py_MOD_GIL_NOT_USED },
				    { 0, NULL } };
static struct PyModuleDef definition = { PyModuleDef_HEAD_INIT, .m_name = "_c", .m_slots = slots };

PyMODINIT_FUNC PyInit__c(void)
{
	return PyModuleDef_Init(&definition);
}
