"""The last argument and result, one for each thread."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.sum_squares_ok, thread_index * 1000, 1000)
