"""What is made at first use is made by a method of its own, which looks again under a lock."""

import threading


class Client:
    def __init__(self):
        self.lock = threading.Lock()
        self.link = None

    def connect(self):
        with self.lock:
            if self.link is None:
                self.link = [object()]

    def send(self):
        if self.link is None:
            self.connect()
        return self.link


client = Client()


def stress(thread_index):
    for _ in range(5):
        client.send()
