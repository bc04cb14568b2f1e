"""A list is walked with one lock a node, taken before the last is given back."""

import threading

nodes = [threading.Lock() for _ in range(50)]


def stress(thread_index):
    for _ in range(5):
        nodes[0].acquire()
        for node, following in zip(nodes, nodes[1:]):
            following.acquire()
            node.release()
        nodes[-1].release()
