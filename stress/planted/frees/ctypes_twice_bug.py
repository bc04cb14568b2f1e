"""ctypes frees a block twice."""

import ctypes

get = ctypes.pythonapi.PyObject_Malloc
give = ctypes.pythonapi.PyObject_Free
get.argtypes, get.restype = [ctypes.c_size_t], ctypes.c_void_p
give.argtypes, give.restype = [ctypes.c_void_p], None


def stress(thread_index):
    block = get(300)
    give(block)
    give(block)
