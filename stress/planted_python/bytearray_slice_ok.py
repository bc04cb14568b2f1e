"""Each thread has a slice of its own."""

data = bytearray(80)


def stress(thread_index):
    at = 8 * thread_index
    for _ in range(50):
        part = data[at : at + 8]
        data[at : at + 8] = bytes((x + 1) % 256 for x in part)
