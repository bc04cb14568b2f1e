"""The same under a lock."""

import threading
from weakref import WeakKeyDictionary


class Node:
    pass


nodes = [Node() for _ in range(100)]
uses = WeakKeyDictionary()
lock = threading.Lock()


def stress(thread_index):
    for node in nodes:
        with lock:
            uses[node] = uses.get(node, 0) + 1
