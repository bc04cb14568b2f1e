"""All meet at a barrier, and count after it."""

import os
import threading

barrier = threading.Barrier(int(os.environ["FTSTRESS_THREADS"]))
counter = 0


def stress(thread_index):
    global counter
    barrier.wait(20)
    counter += 1
