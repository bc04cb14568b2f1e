"""A table filled at the first call."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.crc_bug, b"123456789" * 100)
