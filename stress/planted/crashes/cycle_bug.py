"""Two threads take from one itertools.cycle."""

import itertools

import planted

shared = itertools.cycle([1, 2, 3])
meeting = planted.Meeting()


def take():
    for _ in range(2000):
        next(shared)


def stress(thread_index):
    meeting.run(take)
