"""Two threads take from one itertools.islice."""

import itertools

import planted

shared = itertools.islice([1] * 100000, 100000)
meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(all, itertools.islice(shared, 1000))
