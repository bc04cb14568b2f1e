"""Makes and drops objects of which CPython has free lists, and others."""


class Node:
    def __init__(self, value, before):
        self.value = value
        self.before = before


def work():
    total = 0
    for i in range(12000):
        point = (i, i + 0.5, [i, i + 1], {"x": i})
        node = Node(point, Node(str(i), None))
        total += len(node.value) + len(node.before.value.encode())
    return total
