"""A thread ends with a lock that another wants."""

import threading

a = threading.Lock()


def take():
    a.acquire()


def stress(thread_index):
    if thread_index == 0:
        thread = threading.Thread(target=take)
        thread.start()
        thread.join()
        with a:
            pass
