"""A thread stops the world with a lock as Rust's held, an attached thread waits for the lock."""

import gc
import threading
import time

import planted_locks as locks

both = threading.Barrier(2)


def collect():
    both.wait()
    time.sleep(0.5)  # until the other one waits for the lock: nothing tells that
    gc.collect()


def stress(thread_index):
    if thread_index == 0:
        locks.with_futex(collect)
    elif thread_index == 1:
        both.wait()
        locks.with_futex(locks.nothing)
