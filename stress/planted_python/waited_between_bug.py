"""Between the read and the write the lock of something else is taken and given back."""

import threading


class Client:
    def __init__(self):
        self.log_lock = threading.Lock()
        self.lines = []
        self.link = None
        self.used = 0

    def log(self, line):
        with self.log_lock:
            self.lines.append(line)
        return 1

    def connect(self):
        if self.link is None:
            self.log("connecting")
            self.link = [object()]


client = Client()


def stress(thread_index):
    client.connect()
    for _ in range(20):
        client.used += client.log("used")
