"""A finished object is given to all, who then count in it."""


class Statistics:
    def __init__(self):
        self.hits = 0


current = None


def stress(thread_index):
    global current
    if current is None:
        current = Statistics()
    current.hits += 1
