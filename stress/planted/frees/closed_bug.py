"""A block that two threads give back, both of which have seen that it is there."""

import planted

closing = planted.Closing()


def stress(thread_index):
    closing.close_bug()
