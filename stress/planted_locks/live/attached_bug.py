"""The world is stopped: who has a mutex attaches again, who is attached waits for the mutex."""

import gc
import threading
import time

import planted_locks as locks

all_of_them = threading.Barrier(3)


def sleep():
    all_of_them.wait()
    time.sleep(1)


def stress(thread_index):
    if thread_index == 0:
        locks.with_native(0, sleep)
    elif thread_index == 1:
        all_of_them.wait()
        locks.with_native(0, locks.nothing)
    elif thread_index == 2:
        all_of_them.wait()
        time.sleep(0.5)
        gc.collect()
