"""A local static, made at the first call."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.sum_inches_ok, 300)


def check():
    assert planted.sum_inches_ok(300) == 22_885_400
