"""Two threads swap the bytes of one array."""

import array

import planted

shared = array.array("l", [1] * 500)
meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(shared.byteswap)
