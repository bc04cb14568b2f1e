"""What a thread does again and again, and another one once, when the first is done."""

import array
import ctypes
import sys
import threading
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "stress"))
from ftstress_driver.pairs.rounds import Rounds

library = ctypes.PyDLL(None)
why = ctypes.c_char_p()
if library.ftstress_start(ctypes.byref(why)):
    sys.exit(f"ftstress_start: {why.value!r}")


def write(o: Any, a: tuple[Any, ...]) -> object:
    o[0] = 1
    return None


def writes(o: Any, a: tuple[Any, ...]) -> object:
    """Nothing is released: ThreadSanitizer takes all of it for one access."""
    for i in range(60000):
        o[0] = i
    return None


def releases(o: Any, a: tuple[Any, ...]) -> object:
    """And each time a lock is given back: more releases than an epoch of ThreadSanitizer has."""
    lock = a[0]
    for i in range(17000):
        lock.acquire()
        lock.release()
        o[0] = i
    return None


call = {"writes": writes, "releases": releases}[sys.argv[1]]
rounds = Rounds()
o = memoryview(array.array("l", [0]))  # takes no lock on any release
rounds.run((call, o, (threading.Lock(),)), (write, o, ()), False)
rounds.clear()
rounds.close()
