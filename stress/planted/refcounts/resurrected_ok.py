"""Objects that come back while they are finalized, and go at last."""

kept = []


class Phoenix:
    def __init__(self):
        self.lives = 2

    def __del__(self):
        self.lives -= 1
        if self.lives:
            kept.append(self)


def generate():
    try:
        yield 1
    finally:
        kept.append(object())


def stress(thread_index):
    for _ in range(200):
        Phoenix()
        started = generate()
        next(started)
        del started
    while kept:
        try:
            kept.pop()
        except IndexError:
            break
