"""The count goes on after the event is set."""

import threading
import time

done = threading.Event()
counter = 0


def stress(thread_index):
    global counter
    if thread_index == 0:
        done.set()
        counter += 1
    else:
        while not done.is_set():
            time.sleep(0.001)
        if thread_index == 1:
            counter += 1
