"""Double-checked locking with a plain pointer."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.sum_sines_bug, thread_index * 19)
