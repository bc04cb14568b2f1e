"""The result of a native thread, joined."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.add_up_ok, 500)
