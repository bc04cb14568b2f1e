"""A block that two threads give back, both of which have seen that it is there."""

import planted

closing = planted.make_closing()


def stress(thread_index):
    closing.close_bug()
