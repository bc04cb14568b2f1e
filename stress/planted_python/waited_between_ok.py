"""What is written under a lock is looked at again there; the look before does not count."""

import threading


class Client:
    def __init__(self):
        self.lock = threading.RLock()
        self.lines = []
        self.link = None
        self.used = 0

    def log(self, line):
        with self.lock:
            self.lines.append(line)
        return 1

    def connect(self):
        if self.link is None:
            self.log("connecting")
            with self.lock:
                self.log("locked")
                if self.link is None:
                    self.link = [object()]


client = Client()


def stress(thread_index):
    client.connect()
    for _ in range(20):
        with client.lock:
            client.used += client.log("used")
