"""A block is used by the thread that freed it, when its next owner has it."""

import planted


def stress(thread_index):
    note = planted.make_note()
    for _ in range(3):
        note.write_bug()
