"""The same under a lock."""

import threading


class Config:
    def __init__(self):
        self.cache = None


config = Config()
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            if config.cache is None:
                config.cache = object()
