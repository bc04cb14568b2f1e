"""Who checks and acts holds the lock for both, looks again, expects to fail, or is the only one."""

import threading


class Pool:
    def __init__(self, count):
        self.lock = threading.RLock()
        self.jobs = list(range(count))
        self.taken = 0

    def empty(self):
        with self.lock:
            return not self.jobs

    def take(self):
        with self.lock:
            return self.jobs.pop()

    def take_some(self):
        with self.lock:
            return self.jobs.pop() if self.jobs else None

    def put(self, job):
        with self.lock:
            self.jobs.append(job)

    def look(self):
        with self.lock:
            return self.taken

    def add(self):
        with self.lock:
            self.taken += 1


locked, again, tried, single = (Pool(200) for _ in range(4))


def stress(thread_index):
    for number in range(40):
        with locked.lock:
            if not locked.empty():
                locked.take()
        if not again.empty():
            again.take_some()
        if again.look() < 1000:
            again.add()
        try:
            if not tried.empty():
                tried.take()
        except IndexError:
            pass
        if thread_index:
            single.put(number)
        elif not single.empty():
            single.take()
