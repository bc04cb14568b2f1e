"""Two seats, and three threads that do not ask whether one is free."""

import threading

import planted

all_three = threading.Barrier(3)


def stress(thread_index):
    if thread_index < 3 and planted.seat_bug(all_three.wait) is None:
        all_three.wait()
