"""A static counter without lock."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.count_hits_bug, 1000)
