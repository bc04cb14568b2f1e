"""What is before a write to a pipe is before what comes after the read."""

import os

out, in_ = os.pipe()
counter = 0


def stress(thread_index):
    global counter
    if thread_index == 0:
        counter += 1
        os.write(in_, b"x")
    elif thread_index == 1:
        os.read(out, 1)
        counter += 1
