"""Who finds that it is to be set sets it: all threads to the same."""

DEFAULT = "utf-8"


class Reader:
    def __init__(self):
        self.encoding = None
        self.used = False
        self.origin = "reader.private"

    def close(self):
        if self.used:
            return
        self.used = True


readers = [Reader() for _ in range(50)]
seen = set()
begun = {}


def stress(thread_index):
    for number, reader in enumerate(readers):
        if reader.encoding is None and DEFAULT:
            reader.encoding = DEFAULT
        if getattr(reader, "origin", "").startswith("reader."):
            reader.origin = "reader"
        reader.close()
        if number not in seen:
            seen.add(number)
        if number not in begun:
            begun[number] = True
