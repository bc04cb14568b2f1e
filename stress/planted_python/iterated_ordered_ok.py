"""An ordered dict is gone over while none are added."""

import threading
from collections import OrderedDict

items = OrderedDict((i, i) for i in range(40))
sums = []
lock = threading.Lock()


def stress(thread_index):
    for i in range(20):
        with lock:
            items[100 * (thread_index + 1) + i] = i
            sums.append(sum(value for value in items.values()))
