"""A buffer is not freed where a function fails."""

import contextlib

import planted


def stress(thread_index):
    with contextlib.suppress(ValueError):
        planted.failed_bug("odd")
