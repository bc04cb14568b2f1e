"""The link is looked at once, and closed by another thread meanwhile."""


class Client:
    def __init__(self):
        self.link = []

    def send(self, text):
        link = self.link
        if link is not None:
            link.append(text)

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
        client.send("hello")
