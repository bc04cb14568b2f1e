"""The thread that starts another one goes on counting."""

import threading

counter = 0


def child():
    global counter
    counter += 1


def stress(thread_index):
    global counter
    if thread_index == 0:
        thread = threading.Thread(target=child)
        thread.start()
        counter += 1
        thread.join()
