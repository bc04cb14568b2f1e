"""Very many locks that live for a moment, two at a time, at addresses used again and again."""

import threading

outer = threading.Lock()


def stress(thread_index):
    for i in range(20000):
        a, b = threading.Lock(), threading.Lock()
        if i % 2:
            a, b = b, a
        with a, b:
            pass
        if i % 100 == 0:
            with outer, a:
                pass
