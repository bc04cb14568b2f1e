"""The check is made without the lock under which the act is, and not again there."""

import threading


class Client:
    def __init__(self):
        self.lock = threading.Lock()
        self.link = None

    def connect(self):
        if self.link is None:
            with self.lock:
                self.link = [object()]


clients = [Client() for _ in range(20)]


def stress(thread_index):
    for client in clients:
        client.connect()
