"""Races on objects, each made by a function of its own, after others like it were given up.

For each case_NAME(), which returns an object and an address in it, two threads write there, in
work_NAME(). In which function the object was made is for the report to say: made.t.
"""

import array
import ctypes
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

library = ctypes.PyDLL(None)
why = ctypes.c_char_p()
before = [1.5]
if library.ftstress_start(ctypes.byref(why)):
    sys.exit(f"ftstress_start: {why.value!r}")

ITEMS = 40  # offsets in objects: the pointer to a list's items,
FIRST = 32  # the first byte behind the header


class Plain:
    """With a dict and weak references: there is a header before such objects."""

    def __init__(self) -> None:
        self.x = 1.5


class Slots:
    __slots__ = ("x",)

    def __init__(self) -> None:
        self.x = 1.5


def give_up(make: Callable[[], Any]) -> None:
    """Make some, and free them: the next ones come from free lists, or get the same blocks."""
    kept = [make() for _ in range(200)]
    kept.clear()


def pointer(address: int) -> int:
    return ctypes.c_size_t.from_address(address).value


def case_list() -> tuple[Any, int]:
    give_up(lambda: [1.5, 2.5])
    made = [sys, sys]
    return made, id(made) + FIRST


def case_items() -> tuple[Any, int]:
    give_up(lambda: list(range(50)))
    made = list(range(50))
    return made, pointer(id(made) + ITEMS)


def case_tuple() -> tuple[Any, int]:
    give_up(lambda: (sys.argv, sys))
    made = (sys.path, sys)
    return made, id(made) + FIRST + 8


def case_float() -> tuple[Any, int]:
    give_up(lambda: len(sys.path) + 0.5)
    made = len(sys.path) + 1.5
    return made, id(made) + FIRST


def case_dict() -> tuple[Any, int]:
    give_up(lambda: {"a": sys})
    made = {"b": sys}
    return made, id(made) + FIRST


def case_bytes() -> tuple[Any, int]:
    give_up(lambda: str(sys.path).encode())
    made = str(sys.path).encode()
    return made, id(made) + 60


def case_instance() -> tuple[Any, int]:
    give_up(Plain)
    made = Plain()
    return made, id(made) + FIRST


def case_slots() -> tuple[Any, int]:
    give_up(Slots)
    made = Slots()
    return made, id(made) + FIRST


def case_data() -> tuple[Any, int]:
    give_up(lambda: array.array("B", bytes(1000)))
    made = array.array("B", bytes(1000))
    return made, made.buffer_info()[0] + 24


def case_thread() -> tuple[Any, int]:
    made = []

    def make() -> None:
        made.append(Slots())

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    return made, id(made[0]) + FIRST


def case_before() -> tuple[Any, int]:
    """This one was there before ftstress."""
    return before, id(before) + FIRST


def case_forked() -> tuple[Any, int]:
    """Made in the process that this one was forked from."""
    return forked_from, id(forked_from) + FIRST


def made_before_fork() -> list[float]:
    return [1.5]


racing: list[Slots] = []
lock = threading.Lock()


def case_racing() -> tuple[Any, int]:
    """The first of the two threads is to make it."""
    return None, 0


def racing_address() -> int:
    with lock:
        if not racing:
            racing.append(Slots())
    return id(racing[0]) + FIRST


WORK = """
from time import sleep


def work_{0}(begin, end, address):
    address = address or racing_address()
    if begin.wait():
        sleep(0.02)  # TSan misses accesses at the very same time
    ctypes.memmove(address, address, 1)
    end.wait()  # the stack stays in TSan's history
"""


def race(name: str) -> None:
    kept, address = globals()[f"case_{name}"]()
    exec(WORK.format(name), globals())
    gates = threading.Barrier(2), threading.Barrier(2)
    work = globals()[f"work_{name}"]
    threads = [threading.Thread(target=work, args=(*gates, address)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    del kept


forked_from = made_before_fork()
child = os.fork()
if child == 0:
    for case in [name[5:] for name in list(globals()) if name.startswith("case_")]:
        race(case)
    os._exit(0)
_, status = os.waitpid(child, 0)
os._exit(os.waitstatus_to_exitcode(status))
