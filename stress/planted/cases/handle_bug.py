"""A C struct's own reference count, not atomic."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.share_handle_bug, 500)
