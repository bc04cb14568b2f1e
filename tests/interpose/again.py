"""Two races at one address, one after the other, each on an object of its own.

For each case_NAME(): it makes an object and says at which address in it two threads write. Then
the object ends, the same memory becomes another object, and there one thread reads, in
again_NAME_reads(), and another one writes. Prints the cases whose second object is elsewhere.
"""

import array
import ctypes
import gc
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

library = ctypes.PyDLL(None)
why = ctypes.c_char_p()
if library.ftstress_start(ctypes.byref(why)):
    sys.exit(f"ftstress_start: {why.value!r}")

SEGMENT = 32 << 20
library.mmap.restype = ctypes.c_void_p
library.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long)
library.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
begin = library.mmap(None, 2 * SEGMENT, 0, 0x22, -1, 0)  # private, anonymous
OWN = (begin // SEGMENT + 1) * SEGMENT + (16 << 20)
library.mprotect(OWN, 4096, 3)
ctypes.pythonapi.PyObject_Init.argtypes = (ctypes.c_void_p, ctypes.py_object)
ctypes.pythonapi.PyObject_Init.restype = ctypes.c_void_p

ITEMS = 40  # offsets in objects: the pointer to a list's items,
FIRST = 32  # the first byte behind the header


class Slots:
    __slots__ = ("x",)

    def __init__(self) -> None:
        self.x = 1.5


def behind_header(made: object) -> int:
    return id(made) + FIRST


def case_slots() -> tuple[Any, int]:
    """From mimalloc."""
    made = Slots()
    return made, behind_header(made)


def case_list() -> tuple[Any, int]:
    """From a free list."""
    made = [sys, sys]
    return made, behind_header(made)


def case_float() -> tuple[Any, int]:
    made = len(sys.path) + 1.5
    return made, behind_header(made)


def case_items() -> tuple[Any, int]:
    """Memory of PyMem_Malloc()."""
    made = list(range(50))
    return made, ctypes.c_size_t.from_address(id(made) + ITEMS).value + 16


def case_buffer() -> tuple[Any, int]:
    made = array.array("B", bytes(1000))
    return made, made.buffer_info()[0] + 24


def case_own() -> tuple[Any, int]:
    """From memory of an extension's own: nothing is mapped where mimalloc's segment would begin."""
    ctypes.pythonapi.PyObject_Init(OWN, float)
    return None, OWN + FIRST


def write(address: int) -> None:
    ctypes.memmove(address, address, 1)


CALLS = """
def again_{0}_reads(address):
    ctypes.string_at(address, 1)


def again_{0}_writes(address):
    ctypes.memmove(address, address, 1)
"""


def race(address: int, *calls: Callable[[int], None]) -> None:
    gates = threading.Barrier(2), threading.Barrier(2)

    def work(call: Callable[[int], None]) -> None:
        if gates[0].wait():
            time.sleep(0.1)  # TSan misses accesses at the very same time
        call(address)
        gates[1].wait()  # the stack stays in TSan's history

    threads = [threading.Thread(target=work, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def race_again(name: str) -> None:
    make = globals()[f"case_{name}"]
    exec(CALLS.format(name), globals())
    made, before = make()
    race(before, write, write)
    others = []
    del made
    for _ in range(1000):
        made, address = make()
        if address == before:
            break
        others.append(made)
    else:
        print("moved", name)
    race(address, *(globals()[f"again_{name}_{what}"] for what in ("reads", "writes")))


gc.disable()
for name in [name[5:] for name in list(globals()) if name.startswith("case_")]:
    race_again(name)
sys.stdout.flush()
os._exit(0)
