"""The result of a native thread, read without joining it."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.add_up_bug, 500)
