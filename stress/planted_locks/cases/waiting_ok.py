"""Threads wait for one lock, and never for another: the report tells where they wait."""

import threading
import time

wanted = threading.Lock()
spare = [threading.Lock() for _ in range(64)]


def stress(thread_index):
    for _ in range(3):
        with wanted:
            time.sleep(0.02)
        with spare[thread_index]:
            pass
