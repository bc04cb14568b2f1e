"""Before the start, in the thread, after the join."""

import threading

counter = 0


def child():
    global counter
    counter += 1


def stress(thread_index):
    global counter
    if thread_index == 0:
        counter += 1
        thread = threading.Thread(target=child)
        thread.start()
        thread.join()
        counter += 1
