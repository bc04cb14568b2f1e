"""Others only add to the list: who has seen an item in it finds one."""

import contextlib

scores = [0, 1]


def look():
    if scores:
        assert scores[0] == 0


def stress(thread_index):
    for _ in range(4):
        if thread_index % 2:
            scores.append(2)
        else:
            with contextlib.suppress(IndexError):
                look()
