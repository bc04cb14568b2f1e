"""What was done with objects is counted, by the object, without a lock."""

from weakref import WeakKeyDictionary


class Node:
    pass


nodes = [Node() for _ in range(100)]
uses = WeakKeyDictionary()


def stress(thread_index):
    for node in nodes:
        uses[node] = uses.get(node, 0) + 1
