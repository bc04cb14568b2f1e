"""All threads count the references to one object."""

shared = {"limit": [100]}


def stress(thread_index):
    limits = []
    for _ in range(20000):
        limits.append(shared["limit"])
        limits.pop()
