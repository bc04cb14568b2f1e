"""Objects that count themselves, when they are made and when they end, in several threads."""

alive = 0


class Handle:
    def __init__(self):
        global alive
        alive += 1

    def __del__(self):
        global alive
        alive -= 1


def stress(thread_index):
    for _ in range(50):
        Handle()
