import ctypes


def stress(thread):
    ctypes.pythonapi.Py_FatalError(b"the pool is gone")
