"""The same, under a lock; and an empty list put there by who does not look at what was there."""

import threading


class Buffer:
    def __init__(self):
        self.lines = []
        self.errors = 0


buffer = Buffer()
lock = threading.Lock()
written = []


def stress(thread_index):
    for number in range(200):
        with lock:
            batch, buffer.lines = buffer.lines, []
        written.extend(batch)
        with lock:
            batch = buffer.lines
            buffer.lines = []
        written.extend(batch)
        before = buffer.errors
        buffer.errors = 0
        before = number
        written.append(before)
