"""A struct is copied while it is written."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    if thread_index == 0:
        meeting.run(planted.set_limits_bug, 800)
    else:
        meeting.run(planted.count_in_limits_bug, 800)
