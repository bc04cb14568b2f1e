"""The two threads of pairs: where and when what a call gave comes to its end."""

import ctypes
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "stress"))
from ftstress_driver.pairs.rounds import Rounds

library = ctypes.PyDLL(None)
why = ctypes.c_char_p()
if library.ftstress_start(ctypes.byref(why)):
    sys.exit(f"ftstress_start: {why.value!r}")
ended: list[tuple[int, int]] = []


class Given:
    """What a call gives: it knows which thread made it."""

    def __init__(self) -> None:
        self.made = threading.get_ident()

    def __del__(self) -> None:
        ended.append((self.made, threading.get_ident()))


def call(o: object, a: tuple[object, ...]) -> object:
    return Given()


rounds = Rounds()
for swap in (False, True):
    rounds.run((call, None, ()), (call, None, ()), swap)
    print("rounds lives", ended or "while the calls are made")
    rounds.clear()
    own = len(ended) == 2 and all(made == at for made, at in ended) and len(set(ended)) == 2
    print("rounds ended", "each in its own thread, before the next pair" if own else ended)
    ended.clear()
rounds.close()
