"""The two orders occur in different iterations."""

import random
import threading

a = threading.Lock()
b = threading.Lock()
order = random.random() < 0.5


def stress(thread_index):
    if thread_index:
        first, second = (a, b) if order else (b, a)
        with first, second:
            pass
