"""A free list that is looked at and taken from, both under a mutex."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.take_token_ok, 2000)
