"""An iterator's position in a critical section."""

import planted

shared = planted.Cursor_ok(5000)
taken = {}
meeting = planted.Meeting()


def stress(thread_index):
    taken[thread_index] = meeting.run(list, shared)


def check():
    assert sorted(sum(taken.values(), [])) == list(range(5000))
