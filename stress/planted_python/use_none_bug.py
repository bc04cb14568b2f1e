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


client = Client()


def stress(thread_index):
    if thread_index % 2:
        client.close()
        return
    with contextlib.suppress(AttributeError):
        client.send("hello")
