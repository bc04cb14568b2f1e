"""Two threads take from one itertools.pairwise."""

import itertools

import planted

shared = itertools.pairwise([1] * 100000)
meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(all, itertools.islice(shared, 1000))
