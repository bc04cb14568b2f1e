"""A free list for each thread."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.take_scratch_ok, 300)
