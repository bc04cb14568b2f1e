"""The same under a lock."""

import threading

largest = 0
lock = threading.Lock()


def stress(thread_index):
    global largest
    for _ in range(50):
        with lock:
            if thread_index + _ > largest:
                largest = thread_index + _
