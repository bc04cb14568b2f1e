"""It is freed with the thread."""

import planted


def stress(thread_index):
    planted.state_ok()
