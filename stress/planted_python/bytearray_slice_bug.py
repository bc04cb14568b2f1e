"""A slice of bytes is made of what it was, without a lock."""

data = bytearray(80)


def stress(thread_index):
    for _ in range(50):
        part = data[4:8]
        data[4:8] = bytes((x + 1) % 256 for x in part)
