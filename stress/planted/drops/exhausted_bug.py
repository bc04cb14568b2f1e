"""Two threads find the end of CPython's iterator over bytes; each drops its container."""

import planted

containers = [bytes(300 + number % 40) for number in range(300)]
iterators = [iter(container) for container in containers]
for iterator in iterators:
    iterator.__setstate__(1000)
meeting = planted.Meeting()


def exhaust():
    for iterator in iterators:
        next(iterator, None)


def stress(thread_index):
    meeting.run(exhaust)


def check():
    containers.clear()
