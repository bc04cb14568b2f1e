"""An object that goes while an exception is on its way leaves it alone."""

import contextlib

import planted


def stress(thread_index):
    if thread_index == 0:
        with contextlib.suppress(ValueError):
            (planted.forget_ok(), int("none"))
