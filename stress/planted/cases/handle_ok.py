"""A C struct's own reference count, atomic."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.share_handle_ok, 500)


def check():
    assert planted.share_handle_ok(0) == 1
