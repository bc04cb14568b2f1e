"""A tuple that is replaced by a longer one."""


class Registry:
    def __init__(self):
        self.names = ()


registry = Registry()


def stress(thread_index):
    for _ in range(50):
        registry.names = (*registry.names, thread_index)
