"""The same with a lock; and a dict of which only the first item is taken."""

import threading

words = {f"word {number}": number for number in range(20)}
fixed = dict(words)
lock = threading.Lock()


def stress(thread_index):
    with lock:
        words[f"of thread {thread_index}"] = thread_index
        assert sum(number for number in words.values()) > 0
    assert next(iter(fixed.values())) == 0
