"""A thread takes a Lock that it holds."""

import threading

a = threading.Lock()


def take():
    with a:
        pass


def stress(thread_index):
    if thread_index == 0:
        with a:
            take()
