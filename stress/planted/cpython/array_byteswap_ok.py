"""Two threads swap the bytes of one array. Under a lock."""

import array
import threading

import planted

shared = array.array("l", [1] * 500)
lock = threading.Lock()
meeting = planted.Meeting()


def swap():
    with lock:
        shared.byteswap()


def stress(thread_index):
    meeting.run(swap)
