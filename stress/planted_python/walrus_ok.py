"""Looked up and kept in one expression, and made if it is not there, under a lock."""

import threading

cache = {}
lock = threading.Lock()


def stress(thread_index):
    for key in range(20):
        with lock:
            if (made := cache.get(key)) is None:
                cache[key] = made = [key]
        made.append(thread_index)
