"""Who has seen a job in the queue may find that another one has taken it."""

import contextlib
import queue

jobs = queue.Queue()
for number in range(40):
    jobs.put(number)


def drain():
    while not jobs.empty():
        jobs.get_nowait()


def stress(thread_index):
    with contextlib.suppress(queue.Empty):
        drain()
