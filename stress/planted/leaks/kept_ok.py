"""Each list is freed."""

import planted


def stress(thread_index):
    for _ in range(3):
        planted.kept_ok()
