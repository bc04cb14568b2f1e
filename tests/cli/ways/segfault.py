import ctypes


def stress(thread):
    ctypes.string_at(0)
