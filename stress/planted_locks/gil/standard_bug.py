"""The GIL is given up with a std::mutex held; who has it then waits for the mutex."""

import threading
import time

import planted_locks as locks

both = threading.Barrier(2)


def sleep():
    both.wait()
    time.sleep(0.5)  # until the other one waits for the mutex: nothing tells that


def stress(thread_index):
    if thread_index == 0:
        locks.with_standard(0, sleep)
    elif thread_index == 1:
        both.wait()
        locks.with_standard(0, locks.nothing)
