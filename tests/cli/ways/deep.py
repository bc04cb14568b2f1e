"""Recurses in C until CPython stops it, and looks how far TSan's own record of that went."""

import contextlib
import ctypes
import os

entries = ctypes.PyDLL(None)["__tsan_testonly_shadow_stack_current_size"]
deepest = 0


class Leaf:
    def __repr__(self):
        global deepest
        deepest = max(deepest, entries())  # ftstress: ok one thread's will do
        return "leaf"


def stress(_):
    nested = Leaf()
    for _ in range(50000):
        nested = (Leaf(), nested)
    with contextlib.suppress(RecursionError):
        repr(nested)
    while not isinstance(nested, Leaf):
        nested = nested[1]
    print(deepest)
    if not 10000 < deepest < 65536:
        os._exit(3)
