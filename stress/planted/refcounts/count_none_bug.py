"""An immortal object is counted by hand."""

import planted


def stress(thread_index):
    planted.count_none_bug()
