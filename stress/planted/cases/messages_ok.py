"""Data is published by a release store."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    if thread_index == 0:
        meeting.run(planted.post_messages_ok)
    else:
        meeting.run(planted.read_messages_ok, 1)


def check():
    assert planted.read_messages_ok(1) == 0
