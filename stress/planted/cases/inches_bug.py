"""A cache beside a local static, whose guard is for the making alone."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.sum_inches_bug, 300)
