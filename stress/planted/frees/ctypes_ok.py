"""ctypes frees each block once, where it came from."""

import ctypes

get_object = ctypes.pythonapi.PyObject_Malloc
give_object = ctypes.pythonapi.PyObject_Free
get_memory = ctypes.pythonapi.PyMem_Malloc
give_memory = ctypes.pythonapi.PyMem_Free
get_object.argtypes = get_memory.argtypes = [ctypes.c_size_t]
get_object.restype = get_memory.restype = ctypes.c_void_p
give_object.argtypes = give_memory.argtypes = [ctypes.c_void_p]
give_object.restype = give_memory.restype = None


def stress(thread_index):
    give_object(get_object(300))
    give_memory(get_memory(300))
