"""The number of a buffer's exports without a lock."""

import planted

shared = planted.Block_bug()
meeting = planted.Meeting()


def lend():
    for _ in range(500):
        memoryview(shared).release()


def stress(thread_index):
    meeting.run(lend)
