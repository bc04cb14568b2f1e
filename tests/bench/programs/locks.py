"""Four threads that share a few locks."""

import threading

locks = [threading.Lock() for _ in range(4)]
counters = [0] * 4


def turn(start):
    for i in range(4000):
        k = (start + i) % 4
        with locks[k]:
            counters[k] += 1


def work():
    threads = [threading.Thread(target=turn, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
