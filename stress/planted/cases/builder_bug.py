"""A growing buffer without a lock."""

import planted

shared = planted.Builder_bug()
meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(shared.append, b"0123456789" * 100)
