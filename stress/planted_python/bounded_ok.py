"""The same under a lock."""

import threading

connections = []
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            if len(connections) < 20:
                connections.append(object())
