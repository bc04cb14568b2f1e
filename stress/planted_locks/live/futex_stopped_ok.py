"""A thread stops the world with a lock as Rust's held, a detached one waits for it."""

import gc
import threading
import time

import planted_locks as locks

both = threading.Barrier(2)


def collect():
    both.wait()
    end = time.monotonic() + 5  # longer than a deadlock takes to be told
    while time.monotonic() < end:
        gc.collect()


def stress(thread_index):
    if thread_index == 0:
        locks.with_futex_detached(collect)
    elif thread_index == 1:
        both.wait()
        locks.with_futex_detached(locks.nothing)
