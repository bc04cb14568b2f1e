"""A table filled at the first call, under a lock."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.crc_ok, b"123456789" * 100)


def check():
    assert planted.crc_ok(b"123456789") == 0xCBF43926
