"""The GIL is given up with a pthread mutex held; who has it then waits for the mutex."""

import ctypes
import threading
import time

c = ctypes.PyDLL(None)  # keeps the GIL
mutex = ctypes.create_string_buffer(64)
both = threading.Barrier(2)


def stress(thread_index):
    if thread_index == 0:
        c.pthread_mutex_lock(mutex)
        both.wait()
        time.sleep(0.5)
        c.pthread_mutex_unlock(mutex)
    elif thread_index == 1:
        both.wait()
        c.pthread_mutex_lock(mutex)
        c.pthread_mutex_unlock(mutex)
