"""The writer goes on with what it has told the other one to take."""

import os

out, in_ = os.pipe()
counter = 0


def stress(thread_index):
    global counter
    if thread_index == 0:
        for _ in range(20):
            os.write(in_, b"x")
            counter += 1
    elif thread_index == 1:
        for _ in range(20):
            os.read(out, 1)
            counter += 1
