"""A container in Python that wraps one: the standard library's code looks and stores."""

from collections import UserDict, UserList


class Registry(UserDict):
    pass


registry, jobs = Registry(), UserList(range(200))


def stress(thread_index):
    for name in range(20):
        if name not in registry:
            registry[name] = object()
    for _ in range(40):
        if jobs:
            jobs.pop()
