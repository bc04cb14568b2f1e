"""The one instance of a class, looked for again under the lock."""

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
                if cls.instance is None:
                    cls.instance = cls({"made": 1})
        return cls.instance


def stress(thread_index):
    assert Config.get().values["made"] == 1
