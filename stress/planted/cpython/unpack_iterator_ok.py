"""Two threads take from one struct.iter_unpack iterator. Under a lock."""

import struct
import threading

import planted

shared = struct.iter_unpack("b", bytes(100000))
lock = threading.Lock()
meeting = planted.Meeting()


def take():
    for _ in range(300):
        with lock:
            next(shared)


def stress(thread_index):
    meeting.run(take)
