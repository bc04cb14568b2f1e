"""Both orders, but the one thread has ended before the other starts."""

import threading

a = threading.Lock()
b = threading.Lock()


def one():
    with a, b:
        pass


def other():
    with b, a:
        pass


def stress(thread_index):
    if thread_index == 0:
        for part in (one, other):
            thread = threading.Thread(target=part)
            thread.start()
            thread.join()
