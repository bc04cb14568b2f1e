"""Two threads write to a mapping without a lock; then it is used when it is gone."""

import ctypes
import mmap

import planted

shared = mmap.mmap(-1, 4096)
address = ctypes.addressof(ctypes.c_char.from_buffer(shared))
view = memoryview(shared)
meeting = planted.Meeting()


def write():
    for number in range(100):
        view[8] = number


def stress(thread_index):
    meeting.run(write)
    if thread_index == 0:
        view.release()
        shared.close()
        ctypes.memset(address + 8, 1, 1)
