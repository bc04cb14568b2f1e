"""The same under a lock; and who only looks at a copy drops nothing."""

import threading
from collections import deque

lines, found, data = deque(), {}, bytearray()
seen = deque()
taken = []
lock = threading.Lock()


def stress(thread_index):
    for number in range(40):
        seen.append(number)
        taken.append(len(seen.copy()))
        with lock:
            if thread_index:
                lines.append(number)
                found[thread_index, number] = number
                data.append(number)
            else:
                taken.append((lines.copy(), dict(found), data.copy()))
                lines.clear()
                found.clear()
                data.clear()
