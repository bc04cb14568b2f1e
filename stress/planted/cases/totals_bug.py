"""Atomic counters that are read with memcpy."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.count_totals_bug, 500)
