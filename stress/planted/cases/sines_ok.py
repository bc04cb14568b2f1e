"""Double-checked locking with acquire and release."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.sum_sines_ok, thread_index * 19)


def check():
    assert abs(planted.sum_sines_ok(0) - planted.sum_sines_ok(1)) < 1e-9
