"""A cache of what lives is filled without a lock."""

from weakref import WeakValueDictionary


class Node:
    pass


nodes = WeakValueDictionary()
kept = []


def stress(thread_index):
    for i in range(20):
        if i not in nodes:
            node = Node()
            kept.append(node)
            nodes[i] = node
