"""A function takes a reference to an object that lives on, and keeps it."""

import planted

shared = vars(planted).setdefault("taken", [1, 2, 3])  # the same one in each round


def stress(thread_index):
    planted.taken_bug(shared)
