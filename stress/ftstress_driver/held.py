"""Between tests: is more held of an object than is counted? interpose/memory/held.c looks.

To ask all that holds takes some milliseconds, and most tests take less. So it is done when a test
ends, at most for a share of the time, and after the last one: what is found then may be of an
earlier test. From then on all iterations of the zygote look after each test.
"""

import ctypes
import mmap
import time

SHARE = 0.02
"""Of the time of tests, at most."""


class Held:
    """Of a zygote and its iterations."""

    def __init__(self, library: ctypes.PyDLL) -> None:
        self._look = library.ftstress_held_look
        self._always = mmap.mmap(-1, mmap.PAGESIZE)
        self._cost = 0.0
        self._last = time.monotonic()
        self._tests = 0

    def after_test(self, last: bool) -> None:
        """Looks, if it is time; `last`: no other test comes in this process."""
        self._tests += 1
        began = time.monotonic()
        due = began - self._last > self._cost / SHARE
        if not (due or last or self._always[0]):
            return
        if self._look(self._tests):
            self._always[0] = 1
        self._last = time.monotonic()
        self._cost = self._last - began
        self._tests = 0


def from_library() -> Held | None:
    """Where the library does it."""
    library = ctypes.PyDLL(None)
    return Held(library) if hasattr(library, "ftstress_held_look") else None
