"""A struct is copied and written under a lock."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    if thread_index == 0:
        meeting.run(planted.set_limits_ok, 800)
    else:
        meeting.run(planted.count_in_limits_ok, 800)
