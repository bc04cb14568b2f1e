"""Whether a key is in a set, under a lock; and in one of the thread's own."""

import threading

seen = set()
first = []
lock = threading.Lock()


def stress(thread_index):
    own = set()
    for number in range(50):
        with lock:
            if number not in seen:
                seen.add(number)
                first.append(number)
        if (number, "own") not in own:
            own.add((number, "own"))
