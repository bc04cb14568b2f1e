"""Asked under the lock under which the item is taken; and where none is expected."""

import threading


class Stack:
    def __init__(self):
        self.lock = threading.RLock()
        self.items = list(range(400))

    def empty(self):
        return not self.items

    def take(self):
        return self.items.pop()

    def take_or_none(self):
        try:
            return self.items.pop()
        except IndexError:
            return None


guarded, expecting = Stack(), Stack()


def stress(thread_index):
    for _ in range(50):
        with guarded.lock:
            if not guarded.empty():
                guarded.take()
        if not expecting.empty():
            expecting.take_or_none()
