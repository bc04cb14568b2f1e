"""A link that is closed between the check and the use."""

import contextlib


class Client:
    def __init__(self):
        self.link = []

    def send(self, text):
        if self.link is not None:
            self.link.append(text)

    def close(self):
        self.link = None

    def connect(self):
        self.link = []


client = Client()


def stress(thread_index):
    for _ in range(10):
        if thread_index % 2:
            client.close()
            client.connect()
            continue
        with contextlib.suppress(AttributeError):
            client.send("hello")
