"""The same under a lock."""

import threading
import types

settings = types.ModuleType("settings")
settings.changes = 0
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            settings.changes += 1
