"""How objects of each type are made: expressions, found, looked at, and chosen so that they differ.

what tests called            memoryview(b'ab'), d.items()
types, called                with what is at hand
functions of modules         re.finditer('a', 'abc'), _struct.iter_unpack('b', b'ab')
  │
measure(): each is evaluated in a forked child, which looks at the object: how many items, what
  │        its attributes are, what it is made of
choose(): the best one, then those whose objects are most unlike the ones that are chosen
  ▼
a type's first maker, and up to two more: empty and filled, for reading and for writing, an
iterator of a list and one of a dict
"""

import ast
import contextlib
import importlib.machinery
import itertools
import json
import os
import re
import signal
import sys
import tempfile
import threading
import time
import types
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import expressions
from .corpus import Type
from .operations import UNFIT
from .survey import isolate
from .types_of import Wanted, name_of

MOST_LOOKED_AT = 800
"""Makers of a type that are looked at,"""
MOST_COMPARED = 40
"""and of one family, of which some are chosen."""
MOST_CHOSEN = 3
FEW = 3
"""A type with so many makers is not called with what is at hand."""
MANY_ITEMS = 6
SECONDS_A_LOOK = 2
MOST_ATTRIBUTES = 40
NO_TIME = 50e-6
"""Seconds; the time is measured"""
FEW_BYTES = 999
LOOKS = 2
"""so many times."""
SHORT_WORD = 3
"""Characters of a mode, a format, the end of a line."""

# What types and functions are called with. The longer list alone, the shorter in twos.
VALUES = (
    "",
    "[1, 2, 3]",
    "(1, 2, 3)",
    "'abc'",
    "'a\\u1234c'",
    "b'abcdef'",
    "bytearray(b'abcdef')",
    "{'a': 1, 'b': 2}",
    "{1, 2, 3}",
    "range(5)",
    "range(2 ** 70, 2 ** 70 + 5)",
    "4",
    "1.5",
    "None",
    "int",
    "max",
    "'utf-8'",
    "lambda *a, **k: 1",
    "(x for x in [1, 2, 3])",
    "io.BytesIO(b'abc\\ndef')",
    "io.StringIO('abc\\ndef')",
    "io.BytesIO(pickle.dumps([1, 'a', (2.5, None)]))",
    "memoryview(bytearray(b'abcdef'))",
    "{'a': 1}.items()",
    "'<a>b</a>'",
    "'.'",
    "(lambda: 1).__code__",
)
SHORT = (
    "[1, 2, 3]",
    "'abc'",
    "b'abc'",
    "4",
    "None",
    "max",
    "int",
    "{'a': 1}",
    "lambda *a, **k: 1",
    "io.BytesIO(b'abc\\ndef')",
)
FURTHER = (
    "max, [1, 2], [3, 4]",
    "[1, 2], [1, 0]",
    "1, 2, 3",
    "'K', (), {}",
    "(lambda: 1).__code__, {}",
    "io.BytesIO(b'abc\\ndef'), io.BytesIO()",
    "'utf-8', b'abc', 0, 1, 'r'",
    "'a', ('f', 1, 2, 'x', 1, 2)",
    "'g', [KeyboardInterrupt(1)]",
    "b'k', b'm', 'md5'",
    "0, 1, 2, 3",
)
# Objects that the language makes without a call.
LANGUAGE = (
    "(x for x in range(20))",
    "(x async for x in [1])",
    "(lambda: (yield from range(5)))()",
    "types.coroutine(lambda: (yield 1))()",
    "(lambda a=1, *, b=2: a)",
    "types.CellType(1)",
    "iter(type('Q', (), {'__getitem__': lambda s, i: range(20)[i]})())",
    "reversed(type('Q', (), {'__getitem__': lambda s, i: i, '__len__': lambda s: 9})())",
)
# Modules whose functions are about what a process, or the machine, has only one of.
NOT_CALLED = frozenset(
    [
        *("posix", "os", "nt", "sys", "builtins", "gc", "atexit", "time", "select", "errno"),
        *("signal", "_signal", "faulthandler", "resource", "_posixsubprocess", "_thread"),
        *("_socket", "socket", "syslog", "fcntl", "termios", "grp", "pwd", "_uuid", "_locale"),
        *("_interpreters", "_interpchannels", "_interpqueues", "_multiprocessing", "_posixshmem"),
        *("_tkinter", "readline", "_curses", "curses", "_curses_panel", "_gdbm", "_dbm"),
        *("ctypes", "_ctypes", "_imp", "_warnings", "_tracemalloc", "marshal", "_asyncio"),
        *("_remote_debugging", "_suggestions", "_symtable", "_ast", "_scproxy"),
    ]
)
# Arrays of each kind of item are a family: other code works on them. The letters are those of the
# array interface protocol, and NumPy's T.
ITEMS = {
    "b": "bool",
    "i": "int",
    "u": "uint",
    "f": "float",
    "c": "complex",
    "m": "timedelta",
    "M": "datetime",
    "O": "object",
    "S": "bytes",
    "U": "str",
    "T": "string",
    "V": "void",
}
WORKS = "works"
BOOLEAN = re.compile(r"(read|writ|seek)able|is[a-z]+")


@dataclass
class Look:
    """What can be told of the object of a maker."""

    kind: str
    """The name of its type."""
    wanted: bool
    exact: bool
    """Not an object of a class in Python that has the type as its base."""
    size: int
    """How many items it has, or gives; at most ten of an iterator."""
    aspects: dict[str, str]
    family: str = ""
    """What kind of items an array has; empty: it is no array."""
    slowness: int = 0
    """0: it is made in no time; each more is ten times as long."""
    bulk: int = 0
    """0: it has a few hundred bytes or items at most; each more is ten times as many."""


def called(names: Iterable[str]) -> Iterator[str]:
    """Calls of types by their names, with what is at hand."""
    for name in names:
        yield from (f"{name}({given})" for given in VALUES)
        yield from (f"{name}({one}, {two})" for one in SHORT for two in SHORT)
        yield from (f"{name}({given})" for given in FURTHER)


def calls_of_functions(wanted: Wanted) -> Iterator[str]:
    """Calls of the functions that the wanted modules define in C."""
    for name, module in sorted(sys.modules.items()):
        if module is None or not wanted.is_package(name) or not _is_in_c(module):
            continue
        if name in NOT_CALLED or name.startswith(("_test", "_xx")):
            continue
        for function in sorted(vars(module)):
            value = vars(module)[function]
            if not expressions.is_in_c(value) or function.startswith("_"):
                continue
            if re.search(r"kill|exit|abort|exec|fork|spawn|sleep|wait|^set|unlink", function):
                continue
            yield from (f"{name}.{function}({given})" for given in VALUES)
            yield from (f"{name}.{function}({a}, {b})" for a in SHORT[:6] for b in SHORT[:6])
            yield from (f"{name}.{function}({given})" for given in FURTHER)


def calls_of_language() -> Iterator[str]:
    """What the interpreter's own types and functions make of what is at hand."""
    yield from LANGUAGE
    yield from (f"iter({given})" for given in VALUES if given)
    yield from (f"reversed({given})" for given in VALUES if given)
    yield from (
        f"{given}.{view}()"
        for given in ("{}", "{'a': 1, 'b': 2}")
        for view in ("keys", "values", "items")
    )
    yield from (
        f"{walk}({{'a': 1, 'b': 2}}.{view}())"
        for view in ("keys", "values", "items")
        for walk in ("iter", "reversed")
    )
    yield from ("os.scandir('/')", "next(os.scandir('/'))")


def _is_in_c(module: types.ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    if file is None:
        return True
    return str(file).endswith(tuple(importlib.machinery.EXTENSION_SUFFIXES))


def measure(makers: Sequence[str], wanted: Wanted) -> dict[str, Look]:
    """Looks at the object of each expression, in forked children: one that dies, or does not come
    back, costs the expression at which it did, and the same call with other arguments."""
    found: dict[str, Look] = {}
    start = 0
    unfit: set[str] = set()
    while start < len(makers):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            _measure(makers, start, unfit, writer, wanted)
        os.close(writer)
        reached, ended = start, False
        with os.fdopen(reader, "rb") as pipe:
            for line in pipe.read().splitlines():
                with contextlib.suppress(ValueError):
                    said = json.loads(line)
                    reached, ended = said["index"], said.get("end", False)
                    if "look" in said:
                        found[makers[reached]] = Look(**said["look"])
        os.waitpid(pid, 0)
        if ended:
            break
        if makers[reached] not in found:
            unfit.add(_called(makers[reached]))
        start = reached + 1
    return found


def _called(maker: str) -> str:
    """What is called; all of an expression that is no call."""
    return maker.partition("(")[0] or maker


def _measure(
    makers: Sequence[str], start: int, unfit: set[str], writer: int, wanted: Wanted
) -> None:
    """Never returns."""
    try:
        isolate(writer, Path(tempfile.mkdtemp()))
        names: dict[str, object] = {}
        for index in range(start, len(makers)):
            if _called(makers[index]) in unfit:
                continue
            os.write(3, json.dumps({"index": index}).encode() + b"\n")
            signal.alarm(SECONDS_A_LOOK)
            with contextlib.suppress(BaseException):
                look = _look_at(makers[index], names, wanted)
                _tell(index, look)
                if look.wanted:
                    look.aspects.update(_calls_of(makers[index], names))
                    _tell(index, look)
        os.write(3, json.dumps({"index": len(makers) - 1, "end": True}).encode() + b"\n")
    finally:
        os._exit(0)


def _tell(index: int, look: Look) -> None:
    told = json.dumps({"index": index, "look": vars(look)})
    if len(told) < 8000:
        os.write(3, told.encode() + b"\n")


def _calls_of(maker: str, names: dict[str, object]) -> dict[str, str]:
    """Which methods can be called, without arguments, by another thread than the one that made the
    object: an Unpickler of what is no pickle can't load, a connection of sqlite3 may refuse."""
    code = compile(maker, "<maker>", "eval")
    kind = type(eval(code, names))
    found: dict[str, str] = {}
    for name in [name for name in dir(kind) if not name.startswith("_")][:MOST_ATTRIBUTES]:
        what = type(getattr(kind, name, None)).__name__
        if what not in ("method_descriptor", "cython_function_or_method") or name in UNFIT:
            continue
        with contextlib.suppress(Exception):
            made = eval(code, names)
            caller = threading.Thread(target=_call, args=(made, name, found))
            caller.start()
            caller.join()
    return found


def _call(made: object, name: str, found: dict[str, str]) -> None:
    try:
        getattr(made, name)()
    except BaseException as error:
        found[f"{name}()"] = type(error).__qualname__
    else:
        found[f"{name}()"] = WORKS


def _look_at(maker: str, names: dict[str, object], wanted: Wanted) -> Look:
    expressions.prepare(maker, names)
    code = compile(maker, "<maker>", "eval")
    made = eval(code, names)
    seconds = min(_seconds(code, names) for _ in range(LOOKS))
    name = wanted.type_of(made)
    kind = name or name_of(type(made))
    aspects = aspects_of(made) if name else {}
    size = items_of(made)
    aspects["items"] = "none" if size <= 0 else "some" if size > 1 else "one"
    exact = name_of(type(made)) == kind
    slowness = len(str(int(seconds / NO_TIME))) - (seconds < NO_TIME)
    return Look(
        kind, name is not None, exact, size, aspects, family_of(made), slowness, bulk_of(made, size)
    )


def bulk_of(made: Any, items: int) -> int:
    """Of what it holds; ThreadSanitizer takes a millisecond for each byte that threads race on."""
    count = items
    with contextlib.suppress(Exception):
        count = memoryview(made).nbytes
    if isinstance(getattr(made, "nbytes", None), int):
        count = made.nbytes
    return max(0, len(str(count)) - len(str(FEW_BYTES)))


def _seconds(code: types.CodeType, names: dict[str, object]) -> float:
    """Of processor time, so that it is the same whatever else runs."""
    start = time.thread_time()
    eval(code, names)
    return time.thread_time() - start


def family_of(made: object) -> str:
    """By the array's dtype."""
    dtype = getattr(made, "dtype", None)
    if getattr(dtype, "names", None):
        return "structured"
    kind = getattr(dtype, "kind", None)
    return ITEMS.get(kind, "") if isinstance(kind, str) else ""


def items_of(made: object) -> int:
    """How many items it has, or gives."""
    try:
        return len(made)  # type: ignore[arg-type]
    except Exception:
        pass
    try:
        return len(list(itertools.islice(made, 10)))  # type: ignore[call-overload]
    except Exception:
        return 0


def aspects_of(made: object) -> dict[str, str]:
    """What tells one object of a type from another, in words that are the same for objects that
    are alike: 12 and 13 are not told apart."""
    aspects: dict[str, str] = {}
    kind = type(made)
    for name in [name for name in dir(kind) if not name.startswith("__")][:MOST_ATTRIBUTES]:
        found = getattr(kind, name, None)
        if type(found).__name__ in ("getset_descriptor", "member_descriptor", "property"):
            with contextlib.suppress(Exception):
                aspects[name] = word_of(getattr(made, name))
        elif BOOLEAN.fullmatch(name):
            with contextlib.suppress(Exception):
                aspects[name] = word_of(getattr(made, name)())
    with contextlib.suppress(Exception):
        parts: Any = made.__reduce_ex__(2)
        aspects["made of"] = ", ".join(type(part).__qualname__ for part in parts[1])
    return aspects


def word_of(value: object) -> str:
    """A short word for a value."""
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return "0" if value == 0 else "-" if value < 0 else "+"
    if isinstance(value, str) and len(value) <= SHORT_WORD:
        return repr(value)
    return type(value).__qualname__


def most_unlike(found: Counter[str], most: int) -> Counter[str]:
    """So many of the makers: in turn one of each group that names the same functions, types and
    short words, the most common first. So a kind of array of which tests made only a few is among
    them."""
    groups: dict[frozenset[str], list[str]] = {}
    for text, _ in found.most_common():
        groups.setdefault(frozenset(words_of(text)), []).append(text)
    rounds = itertools.zip_longest(*groups.values())
    chosen = [text for row in rounds for text in row if text is not None][:most]
    return Counter({text: found[text] for text in chosen})


def words_of(maker: str) -> Iterator[str]:
    """Names in the expression, and texts so short that they may mean something: 'r', 'i4'."""
    try:
        tree = ast.parse(maker, mode="eval")
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant):
            value = node.value
            if isinstance(value, str) and len(value) <= SHORT_WORD:
                yield repr(value)


def choose(makers: Counter[str], looks: dict[str, Look], chosen: Sequence[str] = ()) -> list[str]:
    """The best first, if none is chosen: an object with some items shows more than an empty one,
    and as much as one with thousands; one that can do more than one that is closed, one that is
    made in no time, since each pair makes it, and of two alike the one that tests made more often.
    Then those that are most unlike the chosen ones."""
    common = [text for text, _ in makers.most_common() if text in looks]
    works = {text: list(looks[text].aspects.values()).count(WORKS) for text in common}
    common.sort(
        key=lambda text: (
            not looks[text].exact,
            -min(looks[text].size, MANY_ITEMS),
            looks[text].bulk,
            -works[text],
            looks[text].slowness,
        )
    )
    found = list(chosen or common[:1])
    while found and len(found) < MOST_CHOSEN:
        best, most = "", 0.0
        for text in common:
            nearest = min(_difference(text, other, looks) for other in found)
            if nearest > most:
                best, most = text, nearest
        if most < 1:
            break
        found.append(best)
    return found


def prepared(kind: Type) -> Iterator[str]:
    """The same object after a call that changed it, or may have: one that has items, one whose
    state is another."""
    calls = [o for o in kind.returning if o.code.startswith("o.") and o.code.endswith("(*a)")]
    fit = [
        o
        for o in calls
        if not o.taker and (not o.code.startswith("o.__") or (kind.in_python and o.grows > 0))
    ]
    for operation in sorted(fit, key=lambda o: (-o.grows, not o.changes, o.name)):
        given = operation.arguments
        if re.search(r"\bo\b", given):
            continue
        given = re.sub(r"\bo2\b", lambda found: f"({kind.make})", given)
        call = operation.code.replace("*a", given)
        text = f"(lambda o: ({call}, o)[1])({kind.make})"
        if len(text) <= expressions.LONGEST:
            yield text


def _difference(one: str, two: str, looks: dict[str, Look]) -> float:
    """In how many aspects the objects differ. Where nothing shows, it is how they are made that
    counts."""
    mine, others = looks[one].aspects, looks[two].aspects
    differ = sum(mine.get(name) != others.get(name) for name in {*mine, *others})
    if differ or len(mine) > 1:
        return differ
    return 1.0 if shape_of(one) != shape_of(two) else 0.0


def shape_of(maker: str) -> str:
    """What is called with what kinds of arguments."""
    try:
        node = ast.parse(maker, mode="eval").body
    except SyntaxError:
        return maker
    if not isinstance(node, ast.Call):
        return type(node).__name__
    words = [ast.unparse(node.func)[:80]]
    for argument in node.args:
        inner = isinstance(argument, ast.Call)
        words.append(f"({shape_of(ast.unparse(argument))})" if inner else type(argument).__name__)
    words += [f"{keyword.arg}=" for keyword in node.keywords]
    return " ".join(words)
