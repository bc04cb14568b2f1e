"""Two threads fill one buffer, 0.2 s apart, through memoryviews, which take no lock.

owners.py bytearray|array|derived|ctypes|object|longer|many
    ctypes: none of the owners that are looked for
    many: 300 bytearrays
    object: a float in a block of malloc(); longer: the same block with room behind it
"""

import array
import ctypes
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


def in_malloc(more: int) -> Any:
    """The memory of a float that C's malloc() gave."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    block = libc.malloc(ctypes.c_size_t(float.__basicsize__ + more))
    ctypes.pythonapi.PyObject_Init.argtypes = (ctypes.c_void_p, ctypes.py_object)
    ctypes.pythonapi.PyObject_Init.restype = ctypes.c_void_p
    ctypes.pythonapi.PyObject_Init(block, float)
    return (ctypes.c_ubyte * float.__basicsize__).from_address(block)


class Derived(bytearray):
    """Is longer than its base."""


KINDS: dict[str, Callable[[], Any]] = {
    "bytearray": lambda: bytearray(4000),
    "many": lambda: bytearray(4000),
    "array": lambda: array.array("B", bytes(4000)),
    "derived": lambda: Derived(4000),
    "ctypes": (ctypes.c_ubyte * 4000),
    "object": lambda: in_malloc(0),
    "longer": lambda: in_malloc(16),
}
AT = 32 if sys.argv[1] in ("object", "longer") else 24
buffer = KINDS[sys.argv[1]]()
more = [bytearray(4000) for _ in range(299 if sys.argv[1] == "many" else 0)]
freed = [KINDS[sys.argv[1]]() for _ in range(100)]
del freed


# Each in a function of its own: ThreadSanitizer tells two lines that race once.
fills: list[Callable[[memoryview, int], None]] = []
for i in range(len(more)):
    names: dict[str, Any] = {}
    exec(f"def fill{i}(view, number): view[24] = number", names)
    fills.append(names[f"fill{i}"])


def work(number: int, view: memoryview, gate: threading.Barrier) -> None:
    views = [memoryview(one).cast("B") for one in more]
    gate.wait()
    time.sleep(0.2 * (1 + number))
    view[AT] = number
    for fill, one in zip(fills, views, strict=True):
        fill(one, number)
    time.sleep(0.2 * (2 - number) + 0.05)  # the stack stays in TSan's history


gate = threading.Barrier(2)
threads = [
    threading.Thread(target=work, args=(i, memoryview(buffer).cast("B"), gate)) for i in range(2)
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
with open("/proc/self/status") as status:
    print("page tables", next(line.split()[1] for line in status if line.startswith("VmPTE")))
sys.stdout.flush()
os._exit(0)
