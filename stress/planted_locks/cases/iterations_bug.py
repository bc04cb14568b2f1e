"""The two orders occur in different iterations."""

import os
import threading

a = threading.Lock()
b = threading.Lock()


def stress(thread_index):
    if thread_index:
        first, second = (a, b) if os.getpid() % 2 else (b, a)
        with first, second:
            pass
