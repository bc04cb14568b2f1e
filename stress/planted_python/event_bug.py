"""Everybody counts, before and after the event."""

import threading

go = threading.Event()
counter = 0


def stress(thread_index):
    global counter
    if thread_index == 0:
        go.set()
        counter += 1
    else:
        go.wait(10)
        counter += 1
