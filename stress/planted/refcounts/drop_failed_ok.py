"""The same, with one of the two that drops."""

import planted


def stress(thread_index):
    planted.drop_failed_ok()
