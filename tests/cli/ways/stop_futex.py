"""The world is to be stopped; a thread stays attached and waits for a lock as Rust's."""

import ctypes
import gc
import threading
import time

c = ctypes.PyDLL(None)  # stays attached
taken = ctypes.c_int(0)
both = threading.Barrier(2)
FUTEX, WAIT, WAKE = 202, 128, 129


def stress(thread_index):
    if thread_index == 0:
        taken.value = 1
        both.wait()
        time.sleep(0.5)
        gc.collect()
        taken.value = 0
        c.syscall(FUTEX, ctypes.byref(taken), WAKE, 1, None)
    elif thread_index == 1:
        both.wait()
        c.syscall(FUTEX, ctypes.byref(taken), WAIT, 1, None)
