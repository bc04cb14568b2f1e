"""The GIL is given up with a std::mutex held; both give it up to wait."""

import threading
import time

import planted_locks as locks

both = threading.Barrier(2)


def sleep():
    both.wait()
    time.sleep(5)  # longer than a deadlock takes to be told


def stress(thread_index):
    if thread_index == 0:
        locks.with_standard_detached(0, sleep)
    elif thread_index == 1:
        both.wait()
        locks.with_standard_detached(0, locks.nothing)
