"""C code that calls itself once for each bracket of a pattern, until the stack ends."""

import ctypes

EXTENDED = 1


def stress(thread_index):
    compiled = ctypes.create_string_buffer(256)
    ctypes.CDLL(None).regcomp(compiled, b"(" * 500_000, EXTENDED)
