"""The same under a lock."""

import threading
from weakref import WeakSet


class Node:
    pass


nodes = [Node() for _ in range(10)]
seen = WeakSet()
done = []
lock = threading.Lock()


def stress(thread_index):
    for node in nodes:
        with lock:
            if node not in seen:
                seen.add(node)
                done.append(node)
