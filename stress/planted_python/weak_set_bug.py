"""What was seen is kept by weak references, without a lock."""

from weakref import WeakSet


class Node:
    pass


nodes = [Node() for _ in range(10)]
seen = WeakSet()
done = []


def stress(thread_index):
    for node in nodes:
        if node not in seen:
            seen.add(node)
            done.append(node)
