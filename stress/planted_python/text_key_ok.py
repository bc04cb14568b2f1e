"""A text that each thread makes itself is equal to the key, but another object."""

import threading

lock = threading.Lock()
counts = {f"word {number}": 0 for number in range(10)}


def stress(thread_index):
    for number in range(40):
        with lock:
            counts[f"word {number % 10}"] += 1
