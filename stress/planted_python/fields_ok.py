"""What a thread stores has nothing to do with what it has read."""


class Status:
    def __init__(self):
        self.state = "new"
        self.last = 0


status = Status()


def stress(thread_index):
    seen = []
    for number in range(50):
        seen.append(status.last)
        status.last = number
        text = f"{status.state} {thread_index}"
        status.state = "busy"
        seen.append(text)
