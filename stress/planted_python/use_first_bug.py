"""The last item may be taken before it is looked at."""

import contextlib

scores = [0]


def look():
    if scores:
        assert scores[0] == 0
        return
    scores.append(0)


def stress(thread_index):
    for _ in range(20):
        with contextlib.suppress(IndexError):
            if thread_index:
                scores.pop()
            else:
                look()
