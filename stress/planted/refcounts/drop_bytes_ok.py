"""The same, with a reference that there is."""

import planted


def stress(thread_index):
    planted.drop_bytes_ok()
