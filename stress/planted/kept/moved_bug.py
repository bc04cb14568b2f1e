"""A block that PyMem_Realloc() has moved is used at its old place."""

import planted


def stress(thread_index):
    note = planted.make_note()
    for _ in range(3):
        note.append_bug()
