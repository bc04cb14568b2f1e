"""ctypes reads what the same thread has freed."""

import ctypes

get = ctypes.pythonapi.PyMem_Malloc
give = ctypes.pythonapi.PyMem_Free
get.argtypes, get.restype = [ctypes.c_size_t], ctypes.c_void_p
give.argtypes, give.restype = [ctypes.c_void_p], None


def stress(thread_index):
    block = get(300)
    ctypes.memset(block, 1, 300)
    give(block)
    ctypes.string_at(block, 300)
