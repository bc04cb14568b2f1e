"""The thread that drops the last reference finalizes what others have used before."""

import queue

boxes = [queue.SimpleQueue() for _ in range(64)]


class Handle:
    def __init__(self):
        self.uses = 1

    def __del__(self):
        if self.uses:
            self.uses -= 1


def stress(thread_index):
    for _ in range(20):
        handle = Handle()
        boxes[thread_index].put(handle)
        handle.uses
        del handle
        boxes[thread_index].get(timeout=10)
