"""Who sees is_set() comes after set()."""

import threading
import time

done = threading.Event()
counter = 0


def stress(thread_index):
    global counter
    if thread_index == 0:
        counter += 1
        done.set()
    else:
        while not done.is_set():
            time.sleep(0.001)
        if thread_index == 1:
            counter += 1
