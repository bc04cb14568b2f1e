"""Two threads take from one struct.iter_unpack iterator."""

import itertools
import struct

import planted

shared = struct.iter_unpack("b", bytes(100000))
meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(all, itertools.islice(shared, 1000))
