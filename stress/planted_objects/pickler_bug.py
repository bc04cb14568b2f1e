"""A Pickler that threads dump with."""

import contextlib
import io
import pickle


def setup():
    global shared
    shared = pickle.Pickler(io.BytesIO())


def stress(thread_index):
    for number in range(50):
        with contextlib.suppress(RuntimeError):  # the other thread is in it
            shared.dump([number, "text"])
            shared.clear_memo()
