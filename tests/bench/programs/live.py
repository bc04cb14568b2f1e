"""Keeps many objects: what a table of them costs in memory."""


class Node:
    def __init__(self, value):
        self.value = value


def work():
    kept = [(Node(i + 0.5), [i, i + 1], {"x": str(i)}) for i in range(40000)]
    return len(kept)
