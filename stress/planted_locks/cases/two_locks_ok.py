"""Two locks in one order."""

import threading

a = threading.Lock()
b = threading.Lock()


def stress(thread_index):
    with a:
        with b:
            pass
