"""The same under a lock."""

import threading

counts = {}
words = "to be or not to be".split()
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            for word in words:
                counts[word] = counts.get(word, 0) + 1
