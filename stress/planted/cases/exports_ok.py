"""The number of a buffer's exports in a critical section."""

import planted

shared = planted.Block_ok()
meeting = planted.Meeting()


def lend():
    for _ in range(500):
        memoryview(shared).release()


def stress(thread_index):
    meeting.run(lend)


def check():
    assert shared.exports() == 0
