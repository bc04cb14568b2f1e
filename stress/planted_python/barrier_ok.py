"""Each counts for itself; one adds up after the barrier."""

import os
import threading

barrier = threading.Barrier(int(os.environ["FTSTRESS_THREADS"]))
counts = [0] * 64
total = 0


def stress(thread_index):
    global total
    counts[thread_index] += 1
    barrier.wait(20)
    if thread_index == 0:
        total += sum(counts)
