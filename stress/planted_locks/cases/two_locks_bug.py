"""Two locks in both orders."""

import threading

a = threading.Lock()
b = threading.Lock()
first_is_over = threading.Event()


def stress(thread_index):
    if thread_index == 0:
        with a:
            with b:
                pass
        first_is_over.set()
    elif thread_index == 1:
        first_is_over.wait()
        with b, a:
            pass
