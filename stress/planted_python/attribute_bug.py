"""An object's attribute."""


class Counter:
    def __init__(self):
        self.value = 0


counter = Counter()


def stress(thread_index):
    for _ in range(50):
        counter.value += 1
