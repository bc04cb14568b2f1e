"""A queue hands over: the producer lets go."""

import queue

jobs = queue.Queue()


class Job:
    def __init__(self):
        self.steps = 0


ready = [Job() for _ in range(20)]


def stress(thread_index):
    if thread_index == 0:
        for job in ready:
            job.steps += 1
            jobs.put(job)
    elif thread_index == 1:
        for _ in ready:
            jobs.get(timeout=10).steps += 1
