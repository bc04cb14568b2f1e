"""Who has a lock already does not take it once more: no other thread writes this one's number."""

import threading


class Lock:
    def __init__(self):
        self.lock = threading.Lock()
        self.owner = None
        self.depth = 0

    def __enter__(self):
        me = threading.get_ident()
        if self.owner != me:
            self.lock.acquire()
            self.owner = me
        self.depth += 1

    def __exit__(self, *raised):
        self.depth -= 1
        if not self.depth:
            self.owner = None
            self.lock.release()

    def run(self, work):
        """In one function."""
        me = threading.get_ident()
        begins = self.owner != me
        if begins:
            self.lock.acquire()
            self.owner = me
        work()
        if begins:
            self.owner = None
            self.lock.release()


lock, other = Lock(), Lock()
total, runs = 0, 0


def add():
    global runs
    runs += 1


def stress(thread_index):
    global total
    for _ in range(50):
        with lock:
            with lock:
                total += 1
        other.run(lambda: other.run(add))
