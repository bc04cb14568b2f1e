"""A relaxed flag before std::call_once()."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.sum_miles_bug, 300)
