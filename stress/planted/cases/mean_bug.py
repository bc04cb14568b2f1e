"""A method changes fields without a lock."""

import planted

shared = planted.Mean_bug()
data = bytes(range(250)) * 5
meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(shared.update, data)
