"""What is written under a lock is looked at again there; the look before does not count.

Nor if it is no lock that keeps the others out, but a semaphore, or a token that is passed on.
"""

import queue
import threading


class Client:
    def __init__(self):
        self.lock = threading.RLock()
        self.lines = []
        self.link = None
        self.used = 0
        self.slot = threading.Semaphore(1)
        self.tokens = queue.Queue()
        self.tokens.put("token")
        self.host = None
        self.names = {}

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

    def find_host(self):
        if self.host is None:
            with self.slot:
                if self.host is None:
                    self.host = [object()]

    def is_named(self, key):
        return key in self.names

    def name(self, key):
        if key not in self.names:
            token = self.tokens.get()
            if not self.is_named(key):
                self.names[key] = [key]
            self.tokens.put(token)


client = Client()


def stress(thread_index):
    client.connect()
    client.find_host()
    for key in range(20):
        client.name(key)
        with client.lock:
            client.used += client.log("used")
