"""A free list for all threads without a lock."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.use_scratch_bug, 300)
