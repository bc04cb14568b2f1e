"""The same of an object whose memory has gone back to the allocator."""

import planted


def stress(thread_index):
    planted.drop_bytes_bug()
