"""The same, read before."""

import planted


def stress(thread_index):
    note = planted.make_note()
    for _ in range(3):
        note.count_ok()
