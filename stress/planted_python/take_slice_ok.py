"""The first jobs are copied and deleted under a lock; a copy of all is only looked at."""

import threading

jobs, done = list(range(900)), []
lock = threading.Lock()


def stress(thread_index):
    for _ in range(20):
        with lock:
            head = jobs[:3]
            del jobs[:3]
        done.extend(head)
        for number in list(jobs):
            if number < 0:
                raise AssertionError(number)
