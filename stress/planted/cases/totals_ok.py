"""Atomic counters that are read one by one."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.count_totals_ok, 500)
