"""A lock that another thread gives back after a while: slow, but no deadlock."""

import threading
import time

a = threading.Lock()
b = threading.Lock()
both = threading.Barrier(2)


def stress(thread_index):
    if thread_index == 0:
        a.acquire()
        both.wait()
        with b:
            pass
    elif thread_index == 1:
        with b:
            both.wait()
            a.acquire()
            a.release()
    elif thread_index == 2:
        time.sleep(5)
        a.release()
