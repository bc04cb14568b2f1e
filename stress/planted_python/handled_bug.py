"""Looks first, and is prepared for something else."""

import contextlib

stack = list(range(400))


def pop_all():
    while stack:
        try:
            stack.pop()
        except ValueError:
            break


def stress(thread_index):
    with contextlib.suppress(IndexError):
        pop_all()
