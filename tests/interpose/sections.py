"""Two threads write one byte through a memoryview, 0.2 s apart, which is a race. Meanwhile

sections.py own      each holds a lock and a critical section of its own, made as the other's are
sections.py one      only the first holds a lock
sections.py many     only the first holds locks, 40 of them, each made by a line of its own
sections.py shared   both hold the same lock: no race
"""

import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import NoReturn

library = ctypes.PyDLL(None)
why = ctypes.c_char_p()
if library.ftstress_start(ctypes.byref(why)):
    sys.exit(f"ftstress_start: {why.value!r}")

shared = memoryview(bytearray(8))  # takes no lock on any release
locks = [threading.Lock() for _ in range(2)]


class Once:
    """Writes while a list, whose critical section is held, asks for an item."""

    def __iter__(self) -> "Once":
        return self

    def __next__(self) -> NoReturn:
        shared[0] = 1
        raise StopIteration


def own(number: int) -> None:
    with locks[number]:
        [].extend(Once())


def one(number: int) -> None:
    if number:
        shared[0] = 1
    else:
        with locks[0]:
            shared[0] = 1


def same(_number: int) -> None:
    with locks[0]:
        shared[0] = 1


def many(number: int) -> None:
    if number:
        shared[0] = 1
        return
    made: list[threading.Lock] = []
    for line in range(40):
        exec("\n" * line + "made.append(Lock())", {"made": made, "Lock": threading.Lock})
    for lock in made:
        lock.acquire()
    shared[0] = 1
    for lock in made:
        lock.release()


CALLS = {"own": own, "many": many, "one": one, "shared": same}


def work(number: int, call: Callable[[int], None], gate: threading.Barrier) -> None:
    gate.wait()
    time.sleep(0.2 * (1 + number))
    call(number)
    time.sleep(0.2 * (2 - number) + 0.05)  # the stack stays in TSan's history


gate = threading.Barrier(2)
threads = [threading.Thread(target=work, args=(i, CALLS[sys.argv[1]], gate)) for i in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
os._exit(0)
