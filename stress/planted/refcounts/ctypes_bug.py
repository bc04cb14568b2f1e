"""ctypes drops a reference that it has not."""

import ctypes

drop = ctypes.pythonapi.Py_DecRef
take = ctypes.pythonapi.Py_IncRef
drop.argtypes = take.argtypes = [ctypes.py_object]
drop.restype = take.restype = None


def stress(thread_index):
    made = bytes(300 + thread_index)
    drop(made)
    del made
