"""Which candidates work: each is tried alone, in a forked child, twice on one object.

What kills or blocks a child is left out, and told: a pair would do the same, and it would not be
a matter of threads. Of what raises with every argument list, one is kept with which it did
something first, a parser's feed() of what it can't parse, say: its pairs are made, and show races,
but are not exercised. A method that takes no arguments that are at hand is listed as not called.

The child has a scratch folder, no descriptors but its own, a network namespace of its own where
the machine allows that, and a process group of its own: a signal to "my group" ends nobody else.
"""

import contextlib
import ctypes
import io
import itertools
import json
import os
import pickle
import re
import resource
import select
import signal
import sys
import threading
import time
import types
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import expressions, in_python, operations
from .calls import Maker, hands_over_another
from .corpus import Operation, Type, name_functions
from .operations import UNFIT, Candidate
from .types_of import Wanted

SECONDS_A_TRY = 3.0
SECONDS_A_TYPE = 60.0
MOST_DEATHS = 30
MOST_DEATHS_OF_ONE = 2
"""Argument lists that may end or block a child; then no more are tried of that operation."""
ENOUGH_TRIES = 16
"""Argument lists that work, of which those that do the most different things are kept."""
MOST_ATTRIBUTES = 40
MOST_ITEMS = 50
"""Of an iterator whose end is looked at."""
CLONE_NEWNET = 0x40000000
MEMORY = 4 << 30
REFUSALS = (TypeError, AttributeError, NotImplementedError, io.UnsupportedOperation)
"""The call did nothing: the arguments, or the object, are not what it takes."""


@dataclass
class Surveyed:
    """A type with what works, and what its operations gave."""

    kind: Type
    makers: list[tuple[str, str]]
    """The name of a type, and an expression that makes one."""


def survey(
    name: str, make: str, candidates: Iterable[Candidate], scratch: Path, wanted: Wanted
) -> Surveyed | None:
    """Tries all candidates; None if no object can be made."""
    candidates = list(candidates)
    fit = [c for c in candidates if c.name not in UNFIT]
    unfit = [(c.name, UNFIT[c.name]) for c in candidates if c.name in UNFIT]
    found: dict[int, list[dict[str, Any]]] = {}
    dead: dict[Try, str] = {}
    end = time.monotonic() + SECONDS_A_TYPE
    start, made = 0, False
    for _ in range(MOST_DEATHS):
        last, reason, lines = _in_child(name, make, fit, start, dead, scratch, end, wanted)
        for line in lines:
            made = made or "made" in line
            if "index" in line:
                found.setdefault(line["index"], []).append(line)
        if reason is None or last is None or last[0] == MAKING:
            break
        dead[last] = reason
        start = max(0, last[0])
        if time.monotonic() >= end:
            unfit.append(("the rest", "there was no time to try it"))
            break
    if not made:
        return None
    kind = Type(name, make, items=next((line["items"] for line in found.pop(MAKING, [])), -1))
    for index, tried in sorted(found.items()):
        kind.operations += _kept(fit[index], tried)
    have = {operation.name for operation in kind.operations}
    kind.uncalled = [c.name for c in candidates if is_method(c) and c.name not in have]
    for (index, number), reason in dead.items():
        if index >= 0:
            arguments = fit[index].arguments[number] if number >= 0 else ""
            unfit.append((f"{fit[index].name}({arguments})", f"{reason}, alone in one thread"))
    kind.left_out = unfit
    kind.in_python = any("in_python" in line for line in lines)
    kind.iterator = any("iterator" in line for line in lines)
    name_functions(kind.operations)
    gives = [g for tried in found.values() for line in tried if (g := line.get("gives"))]
    return Surveyed(kind, [(given, made_by) for given, made_by in gives])


def is_method(candidate: Candidate) -> bool:
    """One with a name of its own, not what an operator means."""
    return candidate.code == f"o.{candidate.name}(*a)" and not candidate.name.startswith("_")


def _kept(candidate: Candidate, tried: list[dict[str, Any]]) -> Iterator[Operation]:
    """Of a candidate, by what came of its argument lists: the operations that are worth a pair."""
    worked = [line for line in tried if "raises" not in line]
    for line in most_different(worked, candidate.keep) or most_promising(tried):
        yield _operation(candidate, line)
    for line in worked:
        if line["derived"]:
            derived, code, given = line["derived"]
            yield Operation(derived, code, f"{given},")


def _operation(candidate: Candidate, line: dict[str, Any]) -> Operation:
    return Operation(
        candidate.name,
        candidate.code,
        line["arguments"],
        taker=candidate.taker,
        changes=bool(line["writes"]),
        grows=line["grows"],
        relative=line.get("relative", False),
        writes=[name.removeprefix(".") for name in line["writes"]],
        raises=line.get("raises", ""),
    )


def most_different(tried: list[dict[str, Any]], keep: int) -> list[dict[str, Any]]:
    """Of the argument lists that work, the first one, and those that did something else: another
    thing of the object changed, the result or the arguments were of another type."""
    seen: set[str] = set()
    left = [t for t in tried if t["arguments"] not in seen and not seen.add(t["arguments"])]  # type: ignore[func-returns-value]
    kept: list[dict[str, Any]] = []
    while left and len(kept) < keep:
        best = max(
            left, key=lambda line: min((_unlike(line, other) for other in kept), default=1)
        )  # the first of those that are alike
        if kept and min(_unlike(best, other) for other in kept) == 0:
            break
        kept.append(best)
        left.remove(best)
    return kept


def most_promising(tried: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of the argument lists with which it raised, one: what changed the object first."""
    kept = [line for line in tried if line.get("raises")]
    return sorted(kept, key=lambda line: not line["writes"])[:1]


def _unlike(one: dict[str, Any], two: dict[str, Any]) -> int:
    mine, others = operations.way_of(one["arguments"]), operations.way_of(two["arguments"])
    did: bool = one["writes"] != two["writes"] or one["grows"] != two["grows"]
    gave: bool = one["gave"] != two["gave"]
    kinds: bool = one["kinds"] != two["kinds"]
    return 8 * (mine != others) + 4 * did + 2 * gave + kinds


Try = tuple[int, int]
"""Index of the candidate, or one of those below, and number of the argument list."""
MAKING, LOOKING = -1, -2
"""To make an object; to read its attribute of that number."""


def _in_child(
    name: str,
    make: str,
    candidates: list[Candidate],
    start: int,
    dead: dict[Try, str],
    scratch: Path,
    end: float,
    wanted: Wanted,
) -> tuple[Try | None, str | None, list[dict[str, Any]]]:
    """Tries from candidate `start` on. Returns the last try, how the child died, what it said."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            isolate(writer, scratch)
            _try_all(name, make, candidates, start, dead, wanted)
        finally:
            os._exit(0)
    os.close(writer)
    lines: list[dict[str, Any]] = []
    last: Try | None = None
    rest = b""
    reason = None
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        while True:
            ready, _, _ = select.select([pipe], [], [], SECONDS_A_TRY)
            if not ready or time.monotonic() > end:
                reason = "it does not return"
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                break
            data = pipe.read(1 << 16)
            if not data:
                break
            *whole, rest = (rest + data).split(b"\n")
            for line in whole:
                said = json.loads(line)
                if "try" in said:
                    last = (said["try"][0], said["try"][1])
                else:
                    lines.append(said)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if reason is None and code < 0:
        reason = f"it ends the process ({signal.Signals(-code).name})"
    if reason is None and not any("end" in line for line in lines):
        reason = "it ends the process"
    return last, reason, lines


def isolate(writer: int, scratch: Path) -> None:
    """Of a forked child: what it does touches nobody else. `writer` becomes descriptor 3."""
    os.setsid()
    os.chdir(scratch)
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    keep = os.dup2(writer, 3) if writer != 3 else 3
    os.closerange(keep + 1, 4096)
    with contextlib.suppress(Exception):
        ctypes.CDLL(None).unshare(CLONE_NEWNET)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in (
        signal.SIGSEGV,
        signal.SIGABRT,
        signal.SIGBUS,
        signal.SIGFPE,
        signal.SIGINT,
        signal.SIGALRM,
    ):
        signal.signal(number, signal.SIG_DFL)
    sys.unraisablehook = lambda unraisable: None


def _say(**fields: object) -> None:
    os.write(3, json.dumps(fields).encode() + b"\n")


def _try_all(
    name: str,
    make: str,
    candidates: list[Candidate],
    start: int,
    dead: dict[Try, str],
    wanted: Wanted,
) -> None:
    import copy

    names: dict[str, object] = {"copy": copy, "itertools": itertools, "pickle": pickle, "sys": sys}
    try:
        _say(**{"try": (-1, -1)})
        maker = Maker(Type(name, make), "<survey>", names)
        maker.make()
    except Exception:
        _say(end=True)
        return
    _say(made=True)
    if in_python.is_in_python(type(maker.make())):
        _say(in_python=True)
    if _is_iterator(maker):
        _say(iterator=True)
    if start == 0:
        _say(index=MAKING, items=_items_of(maker))
    attributes = list(_attributes(maker, dead))
    for index in range(start, len(candidates)):
        _try_one(index, candidates[index], maker, names, dead, wanted, attributes)
    _say(end=True)


def _attributes(maker: Maker, dead: dict[Try, str]) -> Iterator[str]:
    """Those of the object's type that can be read: they show what a call has changed."""
    kind = type(maker.make())
    listed = [name for name in dir(kind) if not name.startswith("__")][:MOST_ATTRIBUTES]
    for number, name in enumerate(listed):
        what = type(getattr(kind, name, None)).__name__
        if (LOOKING, number) in dead or what not in ("getset_descriptor", "member_descriptor"):
            continue
        _say(**{"try": (LOOKING, number)})
        with contextlib.suppress(Exception):
            getattr(maker.make(), name)
            yield name


def _is_iterator(maker: Maker) -> bool:
    o: Any = maker.make()
    with contextlib.suppress(Exception):
        return iter(o) is o
    return False


def _items_of(maker: Maker) -> int:
    """How many items a fresh object gives until it is exhausted; -1: it is no iterator, say."""
    try:
        if not _is_iterator(maker):
            return -1
        o: Any = maker.make()
        count = len(list(itertools.islice(o, MOST_ITEMS)))
    except Exception:
        return -1
    return count if count < MOST_ITEMS else -1


def _try_one(
    index: int,
    candidate: Candidate,
    maker: Maker,
    names: dict[str, object],
    dead: dict[Try, str],
    wanted: Wanted,
    attributes: list[str],
) -> None:
    if candidate.taker:
        with contextlib.suppress(Exception):
            expressions.prepare(candidate.code, names)
    try:
        code = compile(candidate.code, "<survey>", "exec" if " = " in candidate.code else "eval")
    except SyntaxError:
        return
    if sum(of == index for of, _ in dead) >= MOST_DEATHS_OF_ONE:
        return
    worked, refused = 0, set[str]()
    for number, arguments in enumerate(candidate.arguments):
        if (index, number) in dead:
            continue
        _say(**{"try": (index, number)})
        operation = Operation(candidate.name, candidate.code, arguments)
        result = raised = None
        try:
            o = maker.make()
            given = {"o": o, "a": maker.arguments(operation, o)}
            again = {"o": o, "a": maker.arguments(operation, o)}
            before = state_of(o, attributes)
            try:
                result = eval(code, names, given)
            except Exception as error:
                if worked or not _can_be_refused(candidate, o):
                    continue
                raised = error
            if result is NotImplemented or threading.active_count() > 1:
                continue  # what starts threads goes on when the pair is over
            after = state_of(o, attributes)
        except Exception:
            continue
        changes = {
            "writes": sorted(name for name in before if before[name] != after.get(name)),
            "grows": _sign(after["length"] - before["length"]),  # type: ignore[operator]
        }
        if raised is not None:
            why = "" if isinstance(raised, REFUSALS) else type(raised).__name__
            if why + str(changes) not in refused:
                refused.add(why + str(changes))
                _say(index=index, arguments=arguments, raises=why, **changes)
            continue
        said = {
            "index": index,
            "arguments": arguments,
            **changes,
            "gave": type(result).__name__,
            "kinds": [type(arg).__name__ for arg in given["a"]],  # type: ignore[attr-defined]
            "relative": type(result) is type(o) and result is not o and not candidate.taker,
            "gives": _gives(candidate, arguments, result, maker.kind.make, wanted),
            "derived": operations.derived(candidate, arguments, result) if not worked else None,
        }
        with contextlib.suppress(Exception):
            eval(code, names, again)
        if hands_over_another(operation):
            _try_crossed(operation, code, maker, names)
        _say(**said)
        worked += 1
        if worked >= (ENOUGH_TRIES if candidate.keep > 1 else 1):
            break


def _can_be_refused(candidate: Candidate, o: object) -> bool:
    """Does it tell anything that the call raises?"""
    return not candidate.taker and not in_python.is_in_python(type(o))


def _try_crossed(
    operation: Operation, code: types.CodeType, maker: Maker, names: dict[str, object]
) -> None:
    """With the same two objects the other way round, as a pair has it: a **= b and b **= a takes
    as long as it likes."""
    with contextlib.suppress(Exception):
        one, two = maker.make(), maker.make()
        for o, other in ((one, two), (two, one)):
            eval(code, names, {"o": o, "a": maker.arguments(operation, o, other)})


def _gives(
    candidate: Candidate, arguments: str, result: object, make: str, wanted: Wanted
) -> tuple[str, str] | None:
    """The type of what a call gave, if it is wanted, and the call on a fresh object; or of the last
    item of the tuple that it gave: next(groupby(x))[1]."""
    name, item = wanted.type_of(result), ""
    if name is None and type(result) is tuple and result:
        name, item = wanted.type_of(result[-1]), "[-1]"
    if name is None or re.search(r"\bo2?\b", arguments):
        return None
    called = operations.applied(candidate, arguments, f"({make})")
    if called is None or len(called) + len(item) > expressions.LONGEST:
        return None
    return name, called + item


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)


def state_of(o: object, attributes: Sequence[str] = ()) -> dict[str, object]:
    """What can be told of an object: its length, its contents as far as they show, and what its
    attributes are."""
    state: dict[str, object] = {"length": 0}
    with contextlib.suppress(Exception):
        state["length"] = len(o)  # type: ignore[arg-type]
    for name in attributes:
        with contextlib.suppress(Exception):
            value = getattr(o, name)
            plain = value is None or isinstance(value, bool | int | float | str | bytes)
            state[f".{name}"] = value if plain else type(value).__name__
    if in_python.is_in_python(type(o)):
        with contextlib.suppress(Exception):
            fields = in_python.fields_of(o)
            state.update((f".{name}", text) for name, text in fields.items())
    try:
        state["contents"] = pickle.dumps(o)
        return state
    except Exception:
        pass
    with contextlib.suppress(Exception):
        state["contents"] = re.sub(r"0x[0-9a-f]+", "", repr(o))
    return state
