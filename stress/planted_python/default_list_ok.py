"""A defaultdict whose lists are made under a lock; setdefault() does both at once."""

import threading
from collections import defaultdict

groups, others = defaultdict(list), {}
lock = threading.Lock()


def stress(thread_index):
    for number in range(20):
        with lock:
            groups[number].append(thread_index)
        others.setdefault(number, []).append(thread_index)
