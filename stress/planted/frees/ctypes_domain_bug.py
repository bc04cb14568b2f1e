"""ctypes gives a block of PyMem_Malloc() to PyObject_Free()."""

import ctypes

get = ctypes.pythonapi.PyMem_Malloc
give = ctypes.pythonapi.PyObject_Free
get.argtypes, get.restype = [ctypes.c_size_t], ctypes.c_void_p
give.argtypes, give.restype = [ctypes.c_void_p], None


def stress(thread_index):
    give(get(300))
