"""Which two operations of a type touch nothing in common that one of them changes: they are apart.

A pair of those shows nothing, whoever comes first, and need not be made. Each operation is called
alone some times, on fresh objects, and what it touches says with which others it is not apart:
interpose/turns/footprint.h. That is done once for a type, in a forked child, and kept in the
corpus' folder, in apart/TYPE.json: a row an operation, in the order of the corpus.

    -   apart
    x   they touch something in common
    ?   not known
    !   not known, and one of the two ends the process, alone: an assertion of the instrumented
        build, say, that the survey in the plain one did not meet
"""

import contextlib
import ctypes
import gc
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, TextIO

from .calls import Maker, hands_over_another
from .corpus import Operation, Type
from .rounds import Rounds

APART, COMMON, NOT_KNOWN, ENDS = "-x?!"
AT = "at "
WHOLE = "whole"
RUNS = ((0, 0), (1, 0), (0, 0), (2, 1))
"""Number and side of each: the first one is made again, for it fills the interpreter's caches."""
TRIES = 8
"""Until a call's history is in one piece."""
ROUNDS = 3
"""Until two runs agree."""
WARM = 3
NOTHING, OBJECT, ANOTHER, ARGUMENTS = range(4)
SECONDS = 12
"""For a type: the runner waits not much longer for the next pair. What is not known by then, is not
known; and what a busy machine was too slow for, is tried once more."""
MOST_DEADLY = 8
"""Operations of a type that end their process; then it is not looked at."""
MOST_TRIED = 2
"""Children for a type that may die, or not come back in time."""
MOST_OPERATIONS = 1024
"""FOOTPRINT_OPERATIONS"""
DEADLY = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)


class Apart:
    """What is known of a type's operations."""

    def __init__(self, names: list[str], rows: list[str], looked: bool, settled: bool) -> None:
        """rows: none if nothing is known."""
        self._numbers = {name: number for number, name in enumerate(names)} if rows else {}
        self._rows = rows
        self.looked = looked
        """Did it take a look, of seconds?"""
        self.settled = settled
        """No later look will tell more."""

    def has(self, one: str, two: str) -> bool:
        """Are the operations of these names apart?"""
        row, place = self._numbers.get(one), self._numbers.get(two)
        return row is not None and place is not None and self._rows[row][place] == APART

    def ends_alone(self, name: str) -> bool:
        """Does the operation end its process by itself?"""
        number = self._numbers.get(name)
        return number is not None and self._rows[number][number] == ENDS


def apart_of(maker: Maker, folder: Path, may_look: bool = True) -> Apart:
    """Of a type of the corpus in `folder`."""
    kind = maker.kind
    file = folder / "apart" / f"{kind.file.removesuffix('.py')}.json"
    names = [operation.name for operation in kind.operations]
    if not _can_be_told(kind):
        return Apart(names, [], False, True)
    kept = _kept(file)
    rows: list[str] = kept.get("rows", [])
    tried: int = kept.get("tried", 0)
    if kept.get("whole") or tried >= MOST_TRIED:
        return Apart(names, rows, False, True)
    if not may_look or not _claim(file):
        return Apart(names, rows, False, False)
    found, whole = look(maker)
    rows = found or rows
    _save(file, {"operations": names, "tried": tried + 1, "whole": whole, "rows": rows})
    return Apart(names, rows, True, whole or tried + 1 >= MOST_TRIED)


def _claim(file: Path) -> bool:
    """False: another process is looking at it, or there is no room to keep what is seen."""
    claim = file.with_suffix(".claim")
    with contextlib.suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        if time.time() - claim.stat().st_mtime < 2 * SECONDS:
            return False
        claim.unlink(missing_ok=True)
    try:
        os.close(os.open(claim, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except OSError:
        return False
    return True


def _kept(file: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        kept: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return kept
    return {}


def _can_be_told(kind: Type) -> bool:
    """Pairs of an iterator are made near its end, too; and what Python code does to variables is
    not in a footprint."""
    return not kind.in_python and kind.items < 0 and len(kind.operations) <= MOST_OPERATIONS


def _save(file: Path, document: dict[str, object]) -> None:
    """Other processes may do so at the same time. Where it can't be kept, it is made again."""
    with contextlib.suppress(OSError):
        mine = file.with_suffix(f".{os.getpid()}")
        mine.write_text(json.dumps(document, indent=1), encoding="utf-8")
        mine.replace(file)
        file.with_suffix(".claim").unlink()


def look(maker: Maker) -> tuple[list[str], bool]:
    """The rows, none where that can't be told; whether there was time for all. An operation that
    ends its process, alone, is left out, and the others are looked at once more."""
    deadly: set[int] = set()
    begun = time.monotonic()
    while len(deadly) < MOST_DEADLY and time.monotonic() - begun < SECONDS:
        said = _in_child(maker, deadly)
        rows = [line for line in said if not line.startswith(AT)]
        if len(rows) == len(maker.kind.operations) + 1:
            return rows[1:], rows[0] == WHOLE
        last = [line for line in said if line.startswith(AT)][-1:]
        if not last:
            break
        deadly.add(int(last[0].removeprefix(AT)))
    return [], False


def _in_child(maker: Maker, deadly: set[int]) -> list[str]:
    """What a child says: which operation it looks at; at the end, if it lives, the rows."""
    reader, writer = os.pipe()
    scratch = tempfile.mkdtemp()  # of what the calls write
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            os.chdir(scratch)
            for number in DEADLY:
                signal.signal(number, signal.SIG_DFL)
            signal.alarm(SECONDS + 3)
            with os.fdopen(writer, "w", encoding="ascii") as pipe:
                rows, whole = rows_of(maker, deadly, pipe)
                pipe.write("\n".join([WHOLE if whole else "", *rows]))
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, encoding="ascii") as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    shutil.rmtree(scratch, ignore_errors=True)
    return said.split("\n")


def rows_of(maker: Maker, deadly: set[int], pipe: TextIO) -> tuple[list[str], bool]:
    """In a process that does nothing else. Also whether there was time for all."""
    gc.disable()
    sys.unraisablehook = lambda unraisable: None
    footprints = Footprints(maker)
    operations = maker.kind.operations
    count = len(operations)
    if not footprints.are_told:
        return [NOT_KNOWN * count] * count, True
    end = time.monotonic() + SECONDS

    def goes_on(number: int) -> bool:
        if number in deadly or time.monotonic() >= end:
            return False
        pipe.write(f"{AT}{number}\n")
        pipe.flush()
        return True

    # What ends the process does so before much has been looked at.
    for number, operation in enumerate(operations):
        if goes_on(number):
            footprints.try_out(operation)
    known = [
        goes_on(number) and footprints.look_at(number, operation)
        for number, operation in enumerate(operations)
    ]
    whole = time.monotonic() < end

    def state(one: int, two: int) -> str:
        if one in deadly or two in deadly:
            return ENDS
        if not known[one] or not known[two]:
            return NOT_KNOWN
        return APART if footprints.are_apart(one, two) else COMMON

    return ["".join(state(one, two) for two in range(count)) for one in range(count)], whole


class Footprints:
    """Of the operations of a type. Used by the main thread."""

    def __init__(self, maker: Maker) -> None:
        # PyDLL: in functions that are told what is made, the thread stays attached.
        self._library = library = ctypes.PyDLL(None)
        library.ftstress_footprint_start.restype = ctypes.c_bool
        library.ftstress_footprint_known.restype = ctypes.c_bool
        library.ftstress_footprint_apart.restype = ctypes.c_bool
        self.are_told: bool = library.ftstress_footprint_start()  # before there are threads
        """Can it be told at all what a call touches?"""
        self._maker = maker
        self._rounds = Rounds()
        self._alive: list[object] = [maker.make() for _ in range(WARM)]

    def try_out(self, operation: Operation) -> None:
        """Calls it once."""
        maker = self._maker
        try:
            o = maker.make()
            another = maker.make() if hands_over_another(operation) else None
            call = maker.function(operation), o, maker.arguments(operation, o, another)
        except Exception:
            return
        self._rounds.run(call, (_nothing, o, ()), False)
        self._rounds.clear()

    def look_at(self, number: int, operation: Operation) -> bool:
        """Makes the runs of the operation. Whether its footprint is known."""
        for _ in range(ROUNDS):
            for run, side in RUNS:
                if not any(self._run(number, operation, run, side) for _ in range(TRIES)):
                    return False
            if self._library.ftstress_footprint_known(number):
                return True
        return False

    def _run(self, number: int, operation: Operation, run: int, side: int) -> bool:
        """Whether its footprint is known, and that of a call that worked."""
        maker, library = self._maker, self._library
        function = maker.function(operation)
        another = hands_over_another(operation)
        library.ftstress_footprint_begin()
        try:
            o = maker.make()
            whose = ANOTHER if another else ARGUMENTS
            library.ftstress_footprint_made(ctypes.c_void_p(id(o)), whose)
            o2 = maker.make() if another else None
            if another:
                library.ftstress_footprint_made(ctypes.c_void_p(id(o2)), ARGUMENTS)
            arguments = maker.arguments(operation, o, o2)
        except Exception:
            return False
        self._alive += [o, o2, arguments]
        library.ftstress_footprint_expect(number, run, side)
        self._rounds.run((function, o, arguments), (_nothing, o, ()), side == 1)
        ran = self._rounds.sides[side]
        worked = ran.error is None
        self._alive += [ran.result, ran.error]
        self._rounds.clear()
        return worked and self.size(number, run) > 0

    def size(self, number: int, run: int) -> int:
        """How many places the run touched; 0: that is not known."""
        found: int = self._library.ftstress_footprint_entries(
            number, run, ctypes.byref(ctypes.c_void_p())
        )
        return found

    def are_apart(self, one: int, two: int) -> bool:
        apart: bool = self._library.ftstress_footprint_apart(one, two)
        return apart


def _nothing(o: object, a: tuple[Any, ...]) -> None:
    pass
