"""What was read the first time is read again; and a cache may be filled twice."""

import threading

total, seen = 0, [0] * 8
made = {}
lock = threading.Lock()


def find(key):
    with lock:
        if key in made:
            return made[key]
    value = object()
    with lock:
        made[key] = value
    return value


def stress(thread_index):
    global total
    for key in range(40):
        with lock:
            seen[thread_index] = total
        with lock:
            total += 1
        find(key)
