"""Who has seen room in the queue may find that another one has filled it."""

import contextlib
import queue

jobs = queue.LifoQueue(20)


def fill(job):
    while not jobs.full():
        jobs.put_nowait(job)


def stress(thread_index):
    with contextlib.suppress(queue.Full):
        fill(thread_index)
