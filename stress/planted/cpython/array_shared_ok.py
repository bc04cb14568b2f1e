"""Two threads use one array for all that it can do. Under a lock."""

import array
import threading

import planted

shared = array.array("l", range(8))
lock = threading.Lock()
meeting = planted.Meeting()


def use():
    for number in range(50):
        with lock:
            shared.append(number)
            shared.extend([number, number])
            shared[0] = shared[1]
            shared[1:3] = array.array("l", [number] * 4)
            shared.pop()
            max(shared)


def stress(thread_index):
    meeting.run(use)
