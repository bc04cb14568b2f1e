"""The one instance of a class, made under a lock but looked for outside of it."""

import threading


class Config:
    instance = None
    lock = threading.Lock()

    def __init__(self, values):
        self.values = values

    @classmethod
    def get(cls):
        if cls.instance is None:
            with cls.lock:
                cls.instance = cls({"made": 1})
        return cls.instance


def stress(thread_index):
    assert Config.get().values["made"] == 1
