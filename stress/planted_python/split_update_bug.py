"""What is read under the lock is written back under it, but the lock is given back in between."""

import threading


class Account:
    def __init__(self):
        self.lock = threading.Lock()
        self.balance = 0

    def get(self):
        with self.lock:
            return self.balance

    def set(self, balance):
        with self.lock:
            self.balance = balance


account = Account()


def stress(thread_index):
    for _ in range(40):
        account.set(account.get() + 1)
