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


client = Client()


def stress(thread_index):
    if thread_index % 2:
        client.close()
        return
    client.send("hello")
