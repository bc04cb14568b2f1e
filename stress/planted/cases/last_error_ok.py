"""A last error for each thread."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.count_errors_ok, b"12a4" * 250)


def check():
    assert planted.count_errors_ok(b"12a4" * 10) == 10
