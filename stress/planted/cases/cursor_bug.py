"""An iterator's position without a lock."""

import planted

shared = planted.Cursor_bug(5000)
taken = {}
meeting = planted.Meeting()


def stress(thread_index):
    taken[thread_index] = meeting.run(list, shared)
