"""Two threads that make one call each on one object, pair after pair; interpose/turns/pairs.c.

All that the calls need is made before by the main thread and lives until both are over. Nothing
else happens between them: a helper object that dies in a call may take a lock once more, and order
the other thread by that.
"""

import ctypes
import threading
from collections.abc import Callable
from typing import Any

Function = Callable[[object, tuple[Any, ...]], object]


PLAIN = (type(None), bool, int, float, complex, str, bytes)
"""Of such a result nothing is left to be let go by the thread that got it."""


class Side:
    """What one of the threads is to call, and what came of it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.call: tuple[Function, object, tuple[Any, ...]] | None = None
        self.error: BaseException | None = None
        self.result: object = None


class Rounds:
    """The two threads of an iteration. Used by the main thread."""

    def __init__(self) -> None:
        # By index: another function object for each thread, and all are made here.
        library = ctypes.CDLL(None)
        self._run = library["ftstress_pair_run"]
        self._wait = library["ftstress_pair_wait"]
        self._end = library["ftstress_pair_end"]
        self._run.restype = self._wait.restype = ctypes.c_bool
        self._ordered = ctypes.PyDLL(None)["ftstress_pair_ordered"]
        self._ordered.restype = ctypes.c_char_p
        self.sides = [Side(0), Side(1)]
        self._threads = [
            threading.Thread(target=_serve, args=(side, _next_of(side.number)), daemon=True)
            for side in self.sides
        ]
        for thread in self._threads:
            thread.start()

    def run(
        self,
        first: tuple[Function, object, tuple[Any, ...]],
        second: tuple[Function, object, tuple[Any, ...]],
        swap: bool,
    ) -> bool:
        """Makes both calls, the first one before the second; on the sides' threads, swapped or
        not. What they returned and raised is in `sides` until the next. Whether the first one came
        back without an exception."""
        one, two = (self.sides[1], self.sides[0]) if swap else (self.sides[0], self.sides[1])
        one.call, two.call = first, second
        self._both(one.number)
        return one.error is None

    def _both(self, first: int) -> None:
        if not self._run(ctypes.c_uint32(first)):
            while not self._wait():
                pass  # a signal's handler runs here

    def ordered_by(self) -> str | None:
        """A lock that has nothing to do with the object of the last run, and ordered its two calls
        whoever came first, so that a race may be hidden; interpose/turns/between.h."""
        text: bytes | None = self._ordered()
        return text.decode("utf-8", "replace") if text else None

    def clear(self) -> None:
        """Lets go of what the calls used. What a call made is its thread's: let go by this one, it
        would end in that one, in its next call, and what two ends of objects do to each other would
        be told of that pair."""
        own = any(type(side.result) not in PLAIN for side in self.sides)
        for side in self.sides:
            side.call, side.error = (_let_go, side, ()), None
        if own:
            self._both(0)
        for side in self.sides:
            side.call = side.result = None

    def close(self) -> None:
        self._end()
        for thread in self._threads:
            thread.join()


def _next_of(number: int) -> Callable[[], bool]:
    function = ctypes.CDLL(None)["ftstress_pair_next"]
    function.restype = ctypes.c_bool
    argument = ctypes.c_uint32(number)
    return lambda: function(argument)


def _let_go(side: Any, unused: tuple[Any, ...]) -> None:
    side.result = None


def _serve(side: Side, may_begin: Callable[[], bool]) -> None:
    while may_begin():
        assert side.call is not None
        function, target, args = side.call
        try:
            side.result = function(target, args)
        except BaseException as error:
            side.error = error
        del function, target, args
