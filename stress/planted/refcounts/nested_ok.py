"""Containers in containers, so deep that their end is put off, and cycles."""

import gc
import weakref


class Node:
    pass


def stress(thread_index):
    for kind in (lambda inner: [inner], lambda inner: (inner, 1), lambda inner: {1: inner}):
        nested = None
        for _ in range(3000):
            nested = kind(nested)
        del nested
    ends = []
    for _ in range(50):
        one, other = Node(), Node()
        one.other, other.other = other, one
        weakref.finalize(one, ends.append, 1)
    del one, other
    gc.collect()
