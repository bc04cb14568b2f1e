"""The first bytes of a buffer are copied, and then deleted."""

data = bytearray(3000)
heads = []


def stress(thread_index):
    for _ in range(40):
        heads.append(bytes(data[:4]))
        del data[:4]
