"""What has been gathered is taken, and an empty list put in its place: by two threads, twice."""


class Buffer:
    def __init__(self):
        self.lines = []


buffer = Buffer()
written = []


def stress(thread_index):
    for _ in range(200):
        batch, buffer.lines = buffer.lines, []
        written.extend(batch)
        batch = buffer.lines
        buffer.lines = []
        written.extend(batch)
