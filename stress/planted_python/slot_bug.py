"""An attribute in a slot."""


class Counter:
    __slots__ = ("value",)

    def __init__(self):
        self.value = 0


counter = Counter()


def stress(thread_index):
    for _ in range(50):
        counter.value += 1
