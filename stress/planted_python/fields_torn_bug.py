"""Two fields that belong together, read between their two writes."""


class Range:
    def __init__(self):
        self.low = 0
        self.high = 5

    def move(self, low):
        self.low = low
        self.high = low + 5

    def width(self):
        return self.high - self.low


span = Range()


def stress(thread_index):
    for number in range(50):
        if thread_index % 2:
            span.move(number)
        else:
            span.width()
