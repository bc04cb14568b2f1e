"""A loop over a dict to which another thread adds."""

import contextlib

words = {f"word {number}": number for number in range(20)}


def check():
    for number in words.values():
        assert number >= 0


def stress(thread_index):
    with contextlib.suppress(RuntimeError):  # this is what comes of it
        check()
    words[f"of thread {thread_index}"] = thread_index
