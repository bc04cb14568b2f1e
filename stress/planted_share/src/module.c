/*
 * module.c - a vault counts its visitors. Only a key that the same vault has cut opens it, and only
 * after it was turned three times: no single call with arguments made beforehand comes there, so no
 * pair of calls shows that Vault_bug counts without a lock. Two threads that run one test with the
 * same vault and the same keys do.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

struct vault {
	PyObject_HEAD;
	PyMutex mutex;
	long visitors;
};

struct key {
	PyObject_HEAD;
	PyObject *vault; /* that has cut it */
	int turned;      /* relaxed, atomic: not what is wrong here */
};

static PyType_Spec key_spec;
static PyTypeObject *key_type;

static void object_dealloc(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);
	type->tp_free(self);
	Py_DECREF(type);
}

static void key_dealloc(PyObject *self)
{
	Py_CLEAR(((struct key *)self)->vault);
	object_dealloc(self);
}

static PyObject *key_turn(PyObject *self, PyObject *unused)
{
	(void)unused;
	__atomic_fetch_add(&((struct key *)self)->turned, 1, __ATOMIC_RELAXED);
	return Py_NewRef(Py_None);
}

static PyObject *vault_cut(PyObject *self, PyObject *unused)
{
	(void)unused;
	struct key *key = (struct key *)key_type->tp_alloc(key_type, 0);
	if (key)
		key->vault = Py_NewRef(self);
	return (PyObject *)key;
}

/* True if the key opens the vault; else an exception is set. */
static int opens(PyObject *self, PyObject *key)
{
	if (Py_TYPE(key) == key_type && ((struct key *)key)->vault == self &&
	    __atomic_load_n(&((struct key *)key)->turned, __ATOMIC_RELAXED) >= 3)
		return 1;
	PyErr_SetString(PyExc_ValueError, "not a key of this vault, or not turned three times");
	return 0;
}

static PyObject *vault_enter_bug(PyObject *self, PyObject *key)
{
	if (!opens(self, key))
		return NULL;
	return PyLong_FromLong(++((struct vault *)self)->visitors);
}

static PyObject *vault_enter_ok(PyObject *self, PyObject *key)
{
	struct vault *vault = (struct vault *)self;
	if (!opens(self, key))
		return NULL;
	PyMutex_Lock(&vault->mutex);
	long visitors = ++vault->visitors;
	PyMutex_Unlock(&vault->mutex);
	return PyLong_FromLong(visitors);
}

static PyMethodDef key_methods[] = { { "turn", key_turn, METH_NOARGS, NULL }, { 0 } };
static PyType_Slot key_slots[] = { { Py_tp_dealloc, key_dealloc },
				   { Py_tp_methods, key_methods },
				   { 0, NULL } };
static PyType_Spec key_spec = { .name = "planted_share._c.Key",
				.basicsize = sizeof(struct key),
				.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
				.slots = key_slots };

#define VAULT(twin)                                                                                \
	static PyMethodDef vault_##twin##_methods[] = { { "cut", vault_cut, METH_NOARGS, NULL },   \
							{ "enter", vault_enter_##twin, METH_O,     \
							  NULL },                                  \
							{ 0 } };                                   \
	static PyType_Slot vault_##twin##_slots[] = { { Py_tp_dealloc, object_dealloc },           \
						      { Py_tp_methods, vault_##twin##_methods },   \
						      { 0, NULL } };                               \
	static PyType_Spec vault_##twin##_spec = { .name = "planted_share._c.Vault_" #twin,        \
						   .basicsize = sizeof(struct vault),              \
						   .flags = Py_TPFLAGS_DEFAULT,                    \
						   .slots = vault_##twin##_slots };
VAULT(bug)
VAULT(ok)

static int add_all(PyObject *module)
{
	PyType_Spec *const specs[] = { &key_spec, &vault_bug_spec, &vault_ok_spec };
	for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
		PyObject *type = PyType_FromModuleAndSpec(module, specs[i], NULL);
		if (!type || PyModule_AddType(module, (PyTypeObject *)type) < 0)
			return -1;
		if (i == 0)
			key_type = (PyTypeObject *)Py_NewRef(type);
		Py_DECREF(type);
	}
	return 0;
}

static PyModuleDef_Slot module_slots[] = { { Py_mod_exec, add_all },
					   { Py_mod_gil, Py_MOD_GIL_NOT_USED },
					   { 0, NULL } };
static struct PyModuleDef module = { .m_name = "planted_share._c", .m_slots = module_slots };

PyMODINIT_FUNC PyInit__c(void);
PyMODINIT_FUNC PyInit__c(void)
{
	return PyModuleDef_Init(&module);
}
