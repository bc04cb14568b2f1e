"""The same with a function that returns a reference."""

import ctypes

item_of = ctypes.pythonapi.PyMapping_GetItemString
item_of.argtypes, item_of.restype = [ctypes.py_object, ctypes.c_char_p], ctypes.py_object


def stress(thread_index):
    held = {"made": bytes(300 + thread_index)}
    item_of(held, b"made")
    held.clear()
