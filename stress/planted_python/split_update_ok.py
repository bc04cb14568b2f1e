"""Who was not the first does it again: the write looks whether something has come between."""

import threading


class Account:
    def __init__(self):
        self.lock = threading.Lock()
        self.balance = 0
        self.version = 0

    def get(self):
        with self.lock:
            return self.balance, self.version

    def set(self, balance, version):
        with self.lock:
            if self.version != version:
                return False
            self.balance = balance
            self.version += 1
            return True

    def add(self):
        done = False
        while not done:
            balance, version = self.get()
            done = self.set(balance + 1, version)


account = Account()


def stress(thread_index):
    for _ in range(40):
        account.add()
