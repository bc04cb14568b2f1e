"""setdefault() looks and stores as a whole; and a lock around both."""

import threading

texts: dict = {}
groups: dict = {}
lock = threading.Lock()


def stress(thread_index):
    for number in range(40):
        texts.setdefault(number, f"text {number}")
        with lock:
            if number not in groups:
                groups[number] = []
            groups[number].append(thread_index)
