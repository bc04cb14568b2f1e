"""The GIL is given up with a lock as Rust's held; who has it then waits for the lock."""

import threading
import time

import planted_locks as locks

both = threading.Barrier(2)


def sleep():
    both.wait()
    time.sleep(0.5)  # until the other one waits for the lock: nothing tells that


def stress(thread_index):
    if thread_index == 0:
        locks.with_futex(sleep)
    elif thread_index == 1:
        both.wait()
        locks.with_futex(locks.nothing)
