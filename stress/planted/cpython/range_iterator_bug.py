"""Two threads take from one range iterator (gh-129068)."""

import itertools

import planted

shared = iter(range(1, 10**9))
meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(all, itertools.islice(shared, 1000))
