"""What calls touch: prints for each two of some operations whether they are apart.

An array of three numbers; objects whose number lies in a pool that nobody sees being made.
"""

import array
import ctypes
import gc
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "stress"))
from ftstress_driver.pairs import footprints
from ftstress_driver.pairs.calls import Maker
from ftstress_driver.pairs.corpus import Operation, Type, name_functions

library = ctypes.PyDLL(None)
why = ctypes.c_char_p()
if library.ftstress_start(ctypes.byref(why)):
    sys.exit(f"ftstress_start: {why.value!r}")

POOL = (ctypes.c_long * 4096)()
GLOBAL = array.array("l", [0, 0])
LIBC = ctypes.CDLL(None)
LIBC.malloc.restype = ctypes.c_void_p
OF_MALLOC = ctypes.c_void_p(LIBC.malloc(64))


class Hidden:
    """Its number is one of the pool's."""

    made = 1

    def __init__(self) -> None:
        self.place = Hidden.made
        Hidden.made += 1

    def count(self) -> None:
        POOL[self.place] += 1

    def look(self) -> int:
        return self.place


def made_slowly() -> "array.array[int]":
    """More than ThreadSanitizer's history holds, in more blocks than are kept."""
    for number in range(20000):
        array.array("l", [number])
    return array.array("l", [1, 2, 3])


def twice() -> None:
    """Memory of malloc() that is used twice, first a longer piece of it."""
    first = LIBC.malloc(207)
    ctypes.memset(first, 1, 207)
    LIBC.free(ctypes.c_void_p(first))
    LIBC.malloc(193)


KINDS = (
    Type(
        "array",
        "array.array('l', [1, 2, 3])",
        [
            Operation("len", "len(o)"),
            Operation("first", "o[0]"),
            Operation("second", "o[1]"),
            Operation("set_first", "o[0] = 5"),
            Operation("set_slice", "o[:2] = GLOBAL"),
            Operation("append", "o.append(*a)", "4"),
            Operation("export", "memoryview(o).nbytes"),
            Operation("copy", "o[:].tolist()"),
            Operation("same", "o.__eq__(*a)", "o2,"),
            Operation("other", "a[0].append(7)", "o2,"),
            Operation("fails", "o.index(99)"),
            Operation("get_global", "GLOBAL[0]"),
            Operation("set_global", "GLOBAL[0] = 3"),
            Operation("set_second", "GLOBAL[1] = 3"),
            Operation("fill", "ctypes.memset(OF_MALLOC, 7, 64)"),
            Operation("peek", "ctypes.string_at(OF_MALLOC, 16)"),
            Operation("twice", "twice()"),
        ],
    ),
    Type("slow", "made_slowly()", [Operation("len", "len(o)"), Operation("append", "o.append(4)")]),
    # The keys of the second dict come from a free list.
    Type(
        "keys",
        "[({'b': 1}, {'a': array.array('l', [1])})[1]]",
        [Operation("look", "o[0]['a'][0]"), Operation("put", "o[0]['a'][0] = 2")],
    ),
    Type("hidden", "Hidden()", [Operation("count", "o.count()"), Operation("look", "o.look()")]),
)
gc.disable()
names = {
    "array": array,
    "ctypes": ctypes,
    "Hidden": Hidden,
    "GLOBAL": GLOBAL,
    "made_slowly": made_slowly,
    "twice": twice,
    "OF_MALLOC": OF_MALLOC,
}
for kind in KINDS:
    name_functions(kind.operations)
    rows, _ = footprints.look(Maker(kind, "<footprint>", dict(names)))
    for one, row in zip(kind.operations, rows, strict=True):
        for two, state in zip(kind.operations, row, strict=True):
            print(f"\napart {kind.name} {one.name}|{two.name} {state}", flush=True)
