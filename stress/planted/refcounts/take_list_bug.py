"""A borrowed reference is kept when the list has let its item go."""

import planted


def stress(thread_index):
    planted.take_list_bug()
