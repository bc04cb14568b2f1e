"""An item of a bytearray."""

counts = bytearray(8)


def stress(thread_index):
    for number in range(50):
        counts[-1] = (counts[7] + 1) % 256
