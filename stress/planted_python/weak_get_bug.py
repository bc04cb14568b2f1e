"""A cache of what lives is asked, and filled, without a lock."""

from weakref import WeakValueDictionary


class Node:
    pass


nodes = WeakValueDictionary()
kept = []


def stress(thread_index):
    for i in range(20):
        node = nodes.get(i)
        if node is None:
            node = Node()
            nodes[i] = node
        kept.append(node)
