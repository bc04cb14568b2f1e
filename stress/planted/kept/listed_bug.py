"""A float is read that was let go, and that CPython keeps in a free list."""

import planted


def stress(thread_index):
    note = planted.make_note()
    for _ in range(3):
        note.count_bug()
