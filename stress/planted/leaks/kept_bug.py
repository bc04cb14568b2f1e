"""A list is made with a reference that nobody has."""

import planted


def stress(thread_index):
    for _ in range(3):
        planted.kept_bug()
