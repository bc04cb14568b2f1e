"""The same at its new place."""

import planted


def stress(thread_index):
    note = planted.make_note()
    for _ in range(3):
        note.append_ok()
