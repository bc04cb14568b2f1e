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


client = Client()


def stress(thread_index):
    if thread_index % 2:
        client.close()
        return
    client.send("hello")
