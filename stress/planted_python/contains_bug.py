"""A registry of a class's own: whether it has a key, and what puts it there."""


class Registry:
    def __init__(self):
        self.entries = {}

    def __contains__(self, key):
        return key in self.entries

    def __setitem__(self, key, value):
        self.entries[key] = value


registry = Registry()


def stress(thread_index):
    for key in range(20):
        if key not in registry:
            registry[key] = [thread_index]
