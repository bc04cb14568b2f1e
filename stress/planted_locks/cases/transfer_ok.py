"""Each thread has its own pair of accounts, and takes the locks in the order of a sort."""

import threading


class Account:
    def __init__(self):
        self.lock = threading.Lock()


accounts = [Account() for _ in range(20)]


def stress(thread_index):
    for i in range(200):
        source, target = accounts[i % 20], accounts[(i * 7 + thread_index + 1) % 20]
        if source is target:
            continue
        first, second = sorted((source, target), key=id)
        with first.lock, second.lock:
            pass
