"""The count of an immortal object is written plainly."""

import planted


def stress(thread_index):
    if thread_index == 0:
        planted.plain_none_bug()
