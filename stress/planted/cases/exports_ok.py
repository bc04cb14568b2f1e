"""The number of a buffer's exports in a critical section."""

import planted

shared = planted.Block_ok()
meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.lend, shared, 8000)


def check():
    assert shared.exports() == 0
