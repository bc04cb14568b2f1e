"""The same under an RLock."""

import threading


class Account:
    def __init__(self):
        self.balance = 0
        self.lock = threading.RLock()

    def deposit(self, amount):
        with self.lock:
            self.balance += amount

    def withdraw(self, amount):
        with self.lock:
            if self.balance >= amount:
                self.balance -= amount


account = Account()


def stress(thread_index):
    for _ in range(50):
        account.deposit(10)
        account.withdraw(10)
