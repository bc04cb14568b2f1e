"""The last argument and result in static variables."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.sum_squares_bug, thread_index * 1000, 1000)
