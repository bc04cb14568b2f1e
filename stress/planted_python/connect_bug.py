"""What is made when it is first used is made by a method of its own."""


class Client:
    def __init__(self):
        self.link = None

    def connect(self):
        self.link = [object()]

    def send(self):
        if self.link is None:
            self.connect()
        return self.link


client = Client()


def stress(thread_index):
    for _ in range(5):
        client.send()
