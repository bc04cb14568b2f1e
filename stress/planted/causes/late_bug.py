"""Two variables, each set by one thread and counted up by the other; then the process crashes.

Whichever thread is the second one, what it makes of the value that it reads is not known when the
race is seen: one of the two races is held back until the test ends, which it does not.
"""

import os

import planted


class Counts:
    def __init__(self):
        self.left = 0
        self.right = 0


shared = Counts()
meeting = planted.Meeting()


def left_then_right():
    shared.left = 0
    shared.right = shared.right + 1


def right_then_left():
    shared.right = 0
    shared.left = shared.left + 1


def stress(thread_index):
    meeting.run(right_then_left if thread_index else left_then_right)
    if thread_index == 0:
        os.abort()
