"""What is in a dict, a deque, a buffer is copied and then dropped: not what has come in between."""

from collections import deque

lines, found, data = deque(), {}, bytearray()
taken = []


def stress(thread_index):
    for number in range(40):
        if thread_index:
            lines.append(number)
            found[thread_index, number] = number
            data.append(number)
        else:
            taken.append((lines.copy(), dict(found), data.copy()))
            lines.clear()
            found.clear()
            data.clear()
