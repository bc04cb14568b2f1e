"""Two seats, and three threads: the third one goes without."""

import threading

import planted

all_three = threading.Barrier(3)


def stress(thread_index):
    if thread_index < 3 and planted.seat_ok(all_three.wait) is None:
        all_three.wait()
