"""A free list for all threads without a lock."""

import planted

planted.fill_scratch_bug()
meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.take_scratch_bug, 300)
