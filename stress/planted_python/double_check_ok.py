"""Checked without the lock, and again under it."""

import threading


class Config:
    def __init__(self):
        self.cache = None
        self.lock = threading.Lock()

    def get(self):
        if self.cache is None:
            with self.lock:
                if self.cache is None:
                    self.cache = {"made": 1}
        return self.cache


config = Config()


def stress(thread_index):
    for _ in range(50):
        assert config.get()["made"] == 1
