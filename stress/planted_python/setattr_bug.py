"""An attribute, by getattr() and setattr()."""


class Counter:
    def __init__(self):
        self.value = 0


counter = Counter()


def stress(thread_index):
    for _ in range(50):
        setattr(counter, "value", getattr(counter, "value") + 1)
