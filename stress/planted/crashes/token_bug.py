"""A free list that is empty when its top is taken."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.take_token_bug, 2000)
