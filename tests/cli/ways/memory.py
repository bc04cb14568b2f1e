kept = []


def stress(thread):
    while True:
        kept.append(b"x" * (1 << 26))
