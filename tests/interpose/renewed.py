"""Pair after pair in the same memory: each second one has one race, on the length of a list."""

import ctypes
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "stress"))
from ftstress_driver.pairs.rounds import Rounds

PAIRS = 60
LENGTH = 32
"""Where it stands in a list, bytes."""

library = ctypes.PyDLL(None)
why = ctypes.c_char_p()
if library.ftstress_start(ctypes.byref(why)):
    sys.exit(f"ftstress_start: {why.value!r}")


def clear(o: Any, a: tuple[Any, ...]) -> object:
    return o.clear()


def length(o: Any, a: tuple[Any, ...]) -> object:
    """Read by code that takes no lock."""
    return a[0].value


def locked(o: Any, a: tuple[Any, ...]) -> object:
    """No race, but accesses of many kinds."""
    o.append(4)
    o.extend((1, 2, 3))
    o.pop()
    return len(o)


Call = tuple[Callable[[Any, tuple[Any, ...]], object], Any, tuple[Any, ...]]

rounds = Rounds()
for number in range(PAIRS):
    o = list(range(4))
    rounds.run((locked, o, ()), (locked, o, ()), False)
    rounds.clear()
    del o
    o = list(range(4))
    first: Call = (clear, o, ())
    second: Call = (length, o, (ctypes.c_ssize_t.from_address(id(o) + LENGTH),))
    if number & 1:
        first, second = second, first
    rounds.run(first, second, bool(number & 2))
    rounds.clear()
    del o, first, second
rounds.close()
