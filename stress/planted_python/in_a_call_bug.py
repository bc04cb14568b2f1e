"""The value goes through a call."""

balance = 100


def interest(amount):
    return amount + 1


def stress(thread_index):
    global balance
    for _ in range(50):
        balance = interest(balance)
