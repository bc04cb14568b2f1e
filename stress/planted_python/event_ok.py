"""What is before set() is before what comes after wait()."""

import threading

go = threading.Event()
counter = 0
lock = threading.Lock()


def stress(thread_index):
    global counter
    if thread_index == 0:
        counter += 1
        go.set()
    else:
        go.wait(10)
        with lock:
            counter += 1
