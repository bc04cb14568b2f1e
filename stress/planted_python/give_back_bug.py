"""Connections are taken out of a list and given back: what was taken is hidden by that."""


class Pool:
    def __init__(self):
        self.free = [object() for _ in range(9)]

    def acquire(self):
        if self.free:
            return self.free.pop()
        return object()

    def release(self, connection):
        self.free.append(connection)


pool = Pool()


def stress(thread_index):
    for _ in range(20):
        pool.release(pool.acquire())
