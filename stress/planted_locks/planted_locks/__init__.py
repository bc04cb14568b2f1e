"""Locks of an extension module, and turns: parts of a test that never overlap in time."""

import sys
import threading
from collections.abc import Callable

from ._locks import *  # noqa: F403


def nothing() -> None:
    pass


on_import: Callable[[], object] = nothing  # called by `late` while it is being imported


def import_late(while_importing: Callable[[], object] = nothing) -> None:
    """Imports a module anew."""
    global on_import
    on_import = while_importing
    sys.modules.pop("planted_locks.late", None)
    import planted_locks.late  # noqa: F401


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
