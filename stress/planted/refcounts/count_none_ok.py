"""The same as it is meant."""

import planted


def stress(thread_index):
    planted.count_none_ok()
