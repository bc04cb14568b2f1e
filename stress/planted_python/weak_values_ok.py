"""A cache of what lives is filled under a lock."""

import threading
from weakref import WeakValueDictionary


class Node:
    pass


nodes = WeakValueDictionary()
kept = []
lock = threading.Lock()


def stress(thread_index):
    for i in range(20):
        with lock:
            if i not in nodes:
                node = Node()
                kept.append(node)
                nodes[i] = node
