"""An item of a bytearray under a lock; and each thread its own item."""

import threading

counts = bytearray(80)
lock = threading.Lock()


def stress(thread_index):
    for number in range(50):
        with lock:
            counts[-1] = (counts[79] + 1) % 256
        counts[thread_index] = (counts[thread_index] + 1) % 256
