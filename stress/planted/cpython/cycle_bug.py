"""Two threads take from one itertools.cycle."""

import itertools

import planted

shared = itertools.cycle([1, 1, 1])
assert list(itertools.islice(shared, 4))  # it has its copy of the items
meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(all, itertools.islice(shared, 1000))
