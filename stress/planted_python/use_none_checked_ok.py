"""Looked at again under the lock under which it is closed."""

import threading


class Client:
    def __init__(self):
        self.lock = threading.Lock()
        self.link = []

    def send(self, text):
        if self.link is not None:
            with self.lock:
                if self.link is not None:
                    self.link.append(text)

    def close(self):
        with self.lock:
            self.link = None

    def connect(self):
        with self.lock:
            self.link = []


client = Client()


def stress(thread_index):
    for _ in range(10):
        if thread_index % 2:
            client.close()
            client.connect()
            continue
        client.send("hello")
