"""A lock of C code, which is given back before Python code counts."""

import ctypes

c_library = ctypes.CDLL(None)
mutex = ctypes.create_string_buffer(64)
total = 0


def stress(thread_index):
    global total
    for _ in range(50):
        c_library.pthread_mutex_lock(mutex)
        c_library.pthread_mutex_unlock(mutex)
        total += 1
