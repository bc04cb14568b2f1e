"""Who takes an item out of a deque comes after the one who put it in."""

import collections
import time

mail = collections.deque()
counter = 0


def stress(thread_index):
    global counter
    if thread_index == 0:
        counter += 1
        mail.append(1)
    elif thread_index == 1:
        for _ in range(2000):
            try:
                mail.popleft()
            except IndexError:
                time.sleep(0.001)
            else:
                counter += 1
                break
