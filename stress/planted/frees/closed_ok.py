"""The same; who takes the pointer leaves none."""

import planted

closing = planted.Closing()


def stress(thread_index):
    closing.close_ok()
