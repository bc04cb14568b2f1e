"""The same; who takes the pointer leaves none."""

import planted

closing = planted.make_closing()


def stress(thread_index):
    closing.close_ok()
