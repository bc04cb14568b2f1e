"""A thread with a lock waits for the end of one that wants the lock."""

import threading

a = threading.Lock()


def take():
    with a:
        pass


def stress(thread_index):
    if thread_index == 0:
        with a:
            thread = threading.Thread(target=take)
            thread.start()
            thread.join()
