"""An item of an array under a lock; and each thread its own item."""

import array
import threading

counts = array.array("q", [0] * 80)
lock = threading.Lock()


def stress(thread_index):
    for number in range(50):
        with lock:
            counts[-1] += 1
        counts[thread_index] += 1
