"""The first item of an ordered dict is looked at by an iterator that goes no further."""

import threading
from collections import OrderedDict

items = OrderedDict((i, i) for i in range(90))
lock = threading.Lock()
seen = []


def stress(thread_index):
    for i in range(20):
        with lock:
            first = next(iter(items))
        seen.append(first)
        with lock:
            items.popitem(last=False)
