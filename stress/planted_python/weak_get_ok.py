"""Nobody fills a cache of what lives, which all ask."""

from weakref import WeakValueDictionary


class Node:
    pass


kept = [Node() for _ in range(20)]
nodes = WeakValueDictionary(enumerate(kept))
missed = []


def stress(thread_index):
    for i in range(20):
        node = nodes.get(i)
        if node is None:
            missed.append(i)
        # Others come and go.
        nodes[thread_index, i] = Node()
