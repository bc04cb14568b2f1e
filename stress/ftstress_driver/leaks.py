"""--leaks: a test again and again in one process, to see what grows with each round.

The counting is done by interpose/memory/leaks.c, between two rounds, when the threads of the test
have ended. A test that fails, or takes too long for so many rounds, is not looked at any further.
"""

import ctypes
import gc
import os
import sys
import time
from collections.abc import Callable

from .contract import Outcome
from .suite import Result

ENVIRONMENT = "FTSTRESS_LEAKS"
WARM_UP = 4
"""Rounds that do not count: they fill caches and free lists. The last one is compared with."""
ROUNDS = 6
"""Rounds that count."""
LONGEST = 3.0
"""Seconds: a round of a test that takes longer is its only one."""


class Leaks:
    """Of a zygote and its iterations."""

    def __init__(self, library: ctypes.PyDLL, note: Callable[[str], None]) -> None:
        self._note = note
        self._round, self._tell = library.ftstress_leaks_round, library.ftstress_leaks_tell

    def of_test(self, run: Callable[[int], Result], threads: int) -> Result:
        """Runs a test in that many threads, then in one, so often as it takes.

        A budget that is over meanwhile does not cut it short: half of it says nothing of whether it
        needs threads.

        run     runs it once in so many threads
        Returns the result of the first run, or of the first one that did not pass.
        """
        began = time.monotonic()
        first = run(threads)
        if first.outcome != Outcome.PASSED:
            return first
        if time.monotonic() - began > LONGEST:
            self._note(
                f"--leaks runs a test that takes longer than {LONGEST:g} s only once: "
                "what grows with each round of it is not known"
            )
            return first
        counted = []
        for number, each in enumerate((threads, 1) if threads > 1 else (1,)):
            failed = self._rounds(run, each, number)
            if failed is not None:
                return failed
            counted.append(ROUNDS)
        self._tell(threads, counted[0], sum(counted[1:]))
        return first

    def _rounds(self, run: Callable[[int], Result], threads: int, number: int) -> Result | None:
        """None: all of them passed."""
        for round_ in range(1 - WARM_UP, ROUNDS + 1):
            result = run(threads)
            if result.outcome != Outcome.PASSED:
                return result
            del result
            if round_ >= 0:
                _settle()
                self._round(number, round_)
        return None


def _settle() -> None:
    """Empties what fills up with each round though nothing leaks.

    The cache of types' attributes keeps a reference to a name for each version of a type in which
    it was looked up, and a class gets another version with each attribute that is set on it.
    """
    gc.collect()
    sys._clear_internal_caches()


def from_environment(note: Callable[[str], None]) -> Leaks | None:
    """What the runner asks for; `note` is told what it can't do."""
    library = ctypes.PyDLL(None)
    if not os.environ.pop(ENVIRONMENT, None) or not hasattr(library, "ftstress_leaks_round"):
        return None
    return Leaks(library, note)
