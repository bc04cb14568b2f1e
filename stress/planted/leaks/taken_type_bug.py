"""References to a type are taken in threads, and kept; alone they are not."""

import planted

Names = type(planted.make_names())


def stress(thread_index):
    if thread_index:
        planted.taken_bug(Names)
