"""A name is looked up in a class that changes: the cache of attributes has it once a version."""

import planted


class Calling:
    def __init__(self, name):
        getattr(self, name)()

    def look_up(self):
        pass


Kind = vars(planted).setdefault("Calling", Calling)
name = vars(planted).setdefault("name", "_".join(["look", "up"]))


def stress(thread_index):
    if thread_index == 0:
        for number in range(9):
            Kind.latest = number
            Kind(name)
