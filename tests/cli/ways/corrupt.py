"""A block is written to after it was freed: the free list leads back into itself."""

import ctypes

api = ctypes.PyDLL(None)
api.PyMem_Malloc.restype = ctypes.c_void_p
api.PyMem_Malloc.argtypes = [ctypes.c_size_t]
api.PyMem_Free.argtypes = [ctypes.c_void_p]


def stress(thread_index):
    if thread_index == 0:
        block = api.PyMem_Malloc(600)
        api.PyMem_Free(block)
        ctypes.c_void_p.from_address(block).value = block
