"""The same by get()."""


class Registry:
    def __init__(self):
        self.handlers = {}

    def handler(self, name):
        found = self.handlers.get(name)
        if found is None:
            found = self.handlers[name] = object()
        return found


registry = Registry()


def stress(thread_index):
    for _ in range(50):
        registry.handler("a")
