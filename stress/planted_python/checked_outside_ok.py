"""What was seen without the lock is looked at again under it, wherever that is done."""

import threading


class Client:
    def __init__(self):
        self.lock = threading.Lock()
        self.inner = threading.RLock()
        self.link = None
        self.closed = False
        self.jobs = list(range(100))
        self.names = {}
        self.known = False

    def connect(self):
        if self.link is None:
            with self.lock:
                if self.link is None:
                    with self.inner:
                        self.link = [object()]

    def take(self):
        if self.jobs:
            with self.lock:
                if len(self.jobs) > 1:
                    self.jobs.pop()

    def name(self, key):
        if key not in self.names:
            with self.lock:
                self.add(key)

    def add(self, key):
        self.known = key in self.names
        if not self.known:
            self.names[key] = [key]

    def close(self):
        with self.lock:
            self.closed = True

    def end(self):
        if not self.closed:
            self.close()


clients = [Client() for _ in range(20)]


def stress(thread_index):
    for client in clients:
        client.connect()
        client.end()
    for key in range(20):
        clients[0].name(key)
        clients[0].take()
