"""The same under a lock."""

import array
import threading

shared = array.array("B", bytes(1000))
lock = threading.Lock()


def stress(thread_index):
    for number in range(20):
        with lock:
            if thread_index == 0:
                shared.extend(bytes(3000))
            else:
                shared[500 + number]
