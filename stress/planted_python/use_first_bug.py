"""The last item may be taken before the first one is looked at."""

import contextlib

scores = [0, 1]


def look():
    if scores:
        assert scores[0] == 0


def stress(thread_index):
    for _ in range(4):
        if thread_index % 2:
            with contextlib.suppress(IndexError):
                scores.pop()
        else:
            with contextlib.suppress(IndexError):
                look()
