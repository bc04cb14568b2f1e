"""Two threads write to a mapping without a lock; then it is used when it is gone."""

import ctypes
import mmap

import planted

shared = mmap.mmap(-1, 4096)
view = memoryview(shared)
address = ctypes.addressof(ctypes.c_char.from_buffer(shared))
meeting = planted.Meeting()


def write():
    for number in range(100):
        view[8] = number


def stress(thread_index):
    meeting.run(write)
    if thread_index == 0:
        ctypes.CDLL(None).munmap(ctypes.c_void_p(address), ctypes.c_size_t(4096))
        ctypes.memset(address + 8, 1, 1)
