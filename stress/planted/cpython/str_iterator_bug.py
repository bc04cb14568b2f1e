"""Two threads take from one str iterator."""

import itertools

import planted

shared = iter("a" * 100000)
meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(all, itertools.islice(shared, 1000))
