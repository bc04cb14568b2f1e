"""The new value is made of one that was read under the lock; the one before was for a guess."""

import threading

total = 0
guesses = [0] * 8
lock = threading.Lock()


def stress(thread_index):
    global total
    for _ in range(50):
        more = total + 1
        with lock:
            guesses[thread_index] += more != total + 1
            total = total + 1
