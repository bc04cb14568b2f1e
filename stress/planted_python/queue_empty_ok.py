"""Who has seen a job in the queue is prepared to find none."""

import queue

jobs = queue.Queue()
for number in range(40):
    jobs.put(number)


def drain():
    while not jobs.empty():
        try:
            jobs.get_nowait()
        except queue.Empty:
            break


def stress(thread_index):
    drain()
