"""In a method, on one shared object."""


class Account:
    def __init__(self):
        self.balance = 0

    def deposit(self, amount):
        self.balance += amount

    def withdraw(self, amount):
        if self.balance >= amount:
            self.balance -= amount


account = Account()


def stress(thread_index):
    for _ in range(50):
        account.deposit(10)
        account.withdraw(10)
