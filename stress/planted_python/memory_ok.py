"""Objects of each thread's own, in memory that others have used before."""

import queue

jobs = queue.Queue()


class Job:
    def __init__(self):
        self.steps = 0
        self.parts = [0]
        self.names = {"a": 0}


def stress(thread_index):
    for number in range(100):
        job = Job()
        job.steps += 1
        job.parts[0] += 1
        job.names["a"] += 1
        if job.parts:
            job.parts.pop()
        jobs.put(job)
        del job
        other = jobs.get(timeout=10)
        other.steps += 1
        other.names["a"] += number
        del other
