"""Locks of an extension module, and turns: parts of a test that never overlap in time."""

import threading

from ._locks import *  # noqa: F403


class Turns:
    """Thread i does part i after part i - 1 is over. The events order nothing but the test."""

    def __init__(self, count):
        self._over = [threading.Event() for _ in range(count)]

    def run(self, index, *parts):
        if index >= len(parts):
            return
        if index:
            self._over[index - 1].wait()
        try:
            parts[index]()
        finally:
            self._over[index].set()
