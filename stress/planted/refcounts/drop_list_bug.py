"""A reference to a list is dropped that there is not."""

import planted


def stress(thread_index):
    planted.drop_list_bug()
