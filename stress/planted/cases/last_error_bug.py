"""A global last error."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.count_errors_bug, b"12a4" * 250)
