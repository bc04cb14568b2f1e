"""The number of a buffer's exports without a lock."""

import planted

shared = planted.Block_bug()
meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.lend, shared, 8000)
