"""A ring: where the next item goes is read twice, and written once."""


class Ring:
    def __init__(self):
        self.items = [None] * 8
        self.at = 0

    def put(self, item):
        self.items[self.at] = item
        self.at = (self.at + 1) % 8


ring = Ring()


def stress(thread_index):
    for item in range(50):
        ring.put(item)
