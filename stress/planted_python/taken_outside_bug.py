"""Whether there is a job is looked up without the lock under which it is taken."""

import threading

jobs = list(range(300))
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        if jobs:
            with lock:
                jobs.pop()
