"""Each is joined before the next one starts."""

import threading

counter = 0


def child():
    global counter
    counter += 1


def stress(thread_index):
    if thread_index == 0:
        for _ in range(3):
            thread = threading.Thread(target=child)
            thread.start()
            thread.join()
