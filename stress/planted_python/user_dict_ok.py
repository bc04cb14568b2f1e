"""The same under a lock."""

import threading
from collections import UserDict, UserList


class Registry(UserDict):
    pass


registry, jobs = Registry(), UserList(range(200))
lock = threading.Lock()


def stress(thread_index):
    own = Registry()
    for name in range(20):
        own.setdefault(name, name)
        with lock:
            if name not in registry:
                registry[name] = object()
    for _ in range(40):
        with lock:
            if jobs:
                jobs.pop()
