"""Looks whether a key is there, and takes it out."""

waiting = dict.fromkeys(range(40))


def stress(thread_index):
    for _ in range(50):
        if _ in waiting:
            waiting.pop(_, None)
