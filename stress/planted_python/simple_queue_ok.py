"""The producer counts before it sends."""

import queue

jobs = queue.SimpleQueue()
counter = 0


def stress(thread_index):
    global counter
    if thread_index == 0:
        counter += 1
        jobs.put(1)
    elif thread_index == 1:
        jobs.get(timeout=10)
        counter += 1
