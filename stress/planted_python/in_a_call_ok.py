"""The same under a lock."""

import threading

balance = 100


def interest(amount):
    return amount + 1


lock = threading.Lock()


def stress(thread_index):
    global balance
    for _ in range(50):
        with lock:
            balance = interest(balance)
