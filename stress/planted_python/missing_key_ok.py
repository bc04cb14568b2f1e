"""The same under a lock."""

import threading

made = {}
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            for key in range(3):
                if key not in made:
                    made[key] = object()
