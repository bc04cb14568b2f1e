"""Whether there is still a job is looked up under the lock, too."""

import threading

jobs = list(range(300))
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        if jobs:
            with lock:
                if jobs:
                    jobs.pop()
