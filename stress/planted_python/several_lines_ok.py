"""The same under a lock."""

import threading

balance = 0
lock = threading.Lock()


def stress(thread_index):
    global balance
    for _ in range(50):
        with lock:
            before = balance
            fee = before // 100
            after = before + 10 - fee
            balance = after
