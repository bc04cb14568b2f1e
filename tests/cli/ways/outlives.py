"""Starts a thread that ends while others have the turn."""

import threading
import time

threading.Thread(target=time.sleep, args=(0.1,), daemon=True).start()


def add(n):
    return n + 1


def stress(thread):
    total = 0
    for _ in range(50000):
        total = add(total)
