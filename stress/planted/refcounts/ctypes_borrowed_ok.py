"""The same; a reference is taken while it is there."""

import ctypes
import threading

item_of = ctypes.pythonapi.PyDict_GetItemString
item_of.argtypes, item_of.restype = [ctypes.py_object, ctypes.c_char_p], ctypes.c_void_p
held = {}
kept = []
filled, borrowed, replaced = threading.Event(), threading.Event(), threading.Event()


def stress(thread_index):
    if thread_index == 0:
        filled.wait()
        made = ctypes.cast(item_of(held, b"made"), ctypes.py_object)
        kept.append(made.value)
        borrowed.set()
        replaced.wait()
        kept.clear()
    elif thread_index == 1:
        held["made"] = bytes(300)
        filled.set()
        borrowed.wait()
        held["made"] = None
        replaced.set()
