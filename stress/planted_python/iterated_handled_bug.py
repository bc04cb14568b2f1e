"""The loop expects another exception than the one that comes of it."""

import contextlib

known = {number: number for number in range(4)}


def names():
    found = []
    try:
        for name in known:
            found.append(name)
    except KeyError:
        return []
    return found


def stress(thread_index):
    if thread_index:
        known[object()] = 1
        return
    with contextlib.suppress(RuntimeError):  # this is what comes of it
        names()
