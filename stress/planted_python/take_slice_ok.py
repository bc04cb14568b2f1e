"""The first jobs are copied and deleted under a lock; a copy of all is only looked at.

And who alone takes from the front is not wronged by those that add at the end.
"""

import threading

jobs, done, inbox = list(range(900)), [], []
lock = threading.Lock()


def stress(thread_index):
    for _ in range(20):
        with lock:
            head = jobs[:3]
            del jobs[:3]
        done.extend(head)
        if thread_index:
            inbox.append(thread_index)
        else:
            first = inbox[:3]
            del inbox[:3]
            done.extend(first)
        for number in list(jobs):
            if number < 0:
                raise AssertionError(number)
