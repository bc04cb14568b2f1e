"""Data is published by a plain flag."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    if thread_index == 0:
        meeting.run(planted.post_messages_bug)
    else:
        meeting.run(planted.read_messages_bug, 1)
