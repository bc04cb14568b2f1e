"""The same under a lock."""

import threading

import planted

containers = [bytes(300 + number % 40) for number in range(300)]
iterators = [iter(container) for container in containers]
for iterator in iterators:
    iterator.__setstate__(1000)
meeting = planted.Meeting()
lock = threading.Lock()


def exhaust():
    for iterator in iterators:
        with lock:
            next(iterator, None)


def stress(thread_index):
    meeting.run(exhaust)


def check():
    containers.clear()
