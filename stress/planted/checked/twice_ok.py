"""A call leaves the caller's reference to an object without an owner alone."""

import threading

import planted

both = threading.Barrier(2)
offered: list[bytes] = []


def stress(thread_index):
    if thread_index == 0:
        offered.append(bytes(300))
        both.wait()
        both.wait()
        offered.clear()
        both.wait()
    elif thread_index == 1:
        both.wait()
        mine = [offered[0]]
        both.wait()
        both.wait()
        planted.look_at_ok(mine[0])
        mine.clear()
