"""Turns: the threads of a test run one at a time, as interpose/turns/turns.h tells.

No lock and no object of Python's is shared when the turn is handed over: each thread has function
objects of its own, and what they call only waits on a futex that ThreadSanitizer does not see.
"""

import ctypes
import gc
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

COLLECT_AT = 100_000
"""Container objects made in turns until they are collected: stopping all threads to collect orders
everything before it, and a race across it is lost. (Not off: tests may wait for a collection.)"""

MIN_CALLS, MAX_CALLS = 30, 30_000
"""Python calls in a turn, where a turn may end before its thread does."""


@dataclass(frozen=True)
class Place:
    """A thread's place in the turns."""

    number: int
    enter: Callable[[], object]
    """Returns when it is the thread's turn."""
    leave: Callable[[], object]
    """Others may have the turn from here on."""
    stay: Callable[[], object]
    """Returns when the thread may end."""


class Turns:
    """Hands out turns for one test at a time. Used by the main thread."""

    def __init__(self, preempt: bool) -> None:
        """preempt: turns may also end in the middle of a thread's work."""
        self._library = library = ctypes.CDLL(None)
        # All are made here: making one writes to what they share while threads call others.
        self._begin, self._end = library.ftstress_turns_begin, library.ftstress_turns_end
        self._entered, self._run = library.ftstress_turns_entered, library.ftstress_turns_run
        self._let_go = library.ftstress_turns_let_go
        self._entered.restype = self._run.restype = ctypes.c_bool
        self._preempt = preempt

    @contextmanager
    def of(self, count: int, rng: random.Random, in_threads: bool = True) -> Iterator[list[Place]]:
        """The places of `count` threads; all of them must enter and leave, or none.

        in_threads  the caller calls run() then; otherwise it enters itself
        """
        calls = _calls(rng) if self._preempt else 0
        places = list(range(count))
        rng.shuffle(places)
        threshold = gc.get_threshold()
        quiet = (COLLECT_AT, *threshold[1:])
        gc.set_threshold(*quiet)
        self._begin(ctypes.c_uint32(count), ctypes.c_uint32(calls), in_threads)
        try:
            yield [self._place(place) for place in places]
        finally:
            self.end()
            if gc.get_threshold() == quiet:
                gc.set_threshold(*threshold)

    def entered(self, count: int) -> None:
        """Waits until so many threads have entered."""
        while not self._entered(ctypes.c_uint32(count)):
            pass  # a signal's handler runs here

    def run(self) -> None:
        """The first turn begins; waits until all have left."""
        while not self._run():
            pass

    def let_go(self, place: Place) -> None:
        """The thread at this place may end."""
        self._let_go(ctypes.c_uint32(place.number))

    def end(self) -> None:
        """Nobody waits for a turn any more."""
        self._end()

    def _place(self, place: int) -> Place:
        # By index: each time another function object.
        enter = self._library["ftstress_turn_enter"]
        leave = self._library["ftstress_turn_leave"]
        stay = self._library["ftstress_turn_stay"]
        enter.restype = leave.restype = stay.restype = None
        number = ctypes.c_uint32(place)
        return Place(place, lambda: enter(number), leave, lambda: stay(number))


class OneByOne:
    """Each thread is started when the one before it has done its work. Nobody can meet, so this is
    for tests that have failed otherwise."""


Schedule = Turns | OneByOne | None
"""None: the threads overlap."""


def turns_for(schedule: str, rng: random.Random) -> Schedule:
    """What the runner's word for a schedule asks for.

    "turns": half of the iterations switch in the middle of a thread's work too; "whole-turns":
    none does.
    """
    if schedule == "one-by-one":
        return OneByOne()
    if schedule == "overlap" or not hasattr(ctypes.CDLL(None), "ftstress_turns_begin"):
        return None
    return Turns(preempt=schedule == "turns" and rng.random() < 0.5)


def explore(switches: int, seed: int) -> None:
    """The turns of the next test are passed on where `switches` says."""
    tell = getattr(ctypes.PyDLL(None), "ftstress_explore", None)
    if tell is not None:
        tell(ctypes.c_uint64(switches), ctypes.c_uint64(seed))


def pause(seed: int) -> None:
    """Threads of the next test, which overlap, stop for moments where they use one variable."""
    tell = getattr(ctypes.PyDLL(None), "ftstress_pauses", None)
    if tell is not None:
        tell(ctypes.c_uint64(seed))


def _calls(rng: random.Random) -> int:
    """Log-uniform: short turns and long ones come equally often."""
    ratio = MAX_CALLS / MIN_CALLS
    return int(MIN_CALLS * ratio ** rng.random())
