"""Each thread has ended before the next one starts: still, nothing orders them."""

import threading
import time

counter = 0


def child():
    global counter
    counter += 1


def stress(thread_index):
    if thread_index == 0:
        threads = [threading.Thread(target=child) for _ in range(6)]
        for thread in threads:
            thread.start()
            time.sleep(0.004)
        for thread in threads:
            thread.join()
