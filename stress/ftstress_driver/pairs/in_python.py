"""Classes of a package that are written in Python: which of them are looked at, what can be done
with their objects, and what these objects show of themselves.

Their fields are read and written by Python code, so what is found are races on Python variables
(docs/python-races.md): each pair of methods is made with libftstress.so looking at these.
"""

import enum
import functools
import inspect
import re
import sys
import threading
import types
from collections import Counter, deque
from collections.abc import Container, Iterator
from typing import Any

from .operations import (
    ASSIGNED,
    MEANINGLESS,
    MOST_OPERANDS,
    Candidate,
    find,
    method,
    way_of,
)

HEAP_TYPE = 1 << 9
CLASS_STATEMENT = "__static_attributes__"
"""A class statement leaves it, from 3.13 on; `__firstlineno__` goes with a new `__module__`."""
MIXINS = ("collections", "_collections_abc", "contextlib", "typing", "builtins")
"""Of the standard library: what their methods do, they do by those of the class itself."""
ANOTHER = "another object"
OTHERS = frozenset(["other", "others", "another", "that", "rhs"])
DEEPEST = 2
"""Objects in objects whose fields are shown."""
LONGEST = 300
PLAIN = (bool, int, float, str, bytes, type(None))
CONTAINERS = (list, tuple, dict, set, frozenset, bytearray, deque)

# About how an object is made, or what C does with any.
NO_OPERATION = frozenset(
    [
        *("__init__", "__post_init__", "__setstate__", "__getstate__", "__reduce__"),
        *("__sizeof__", "__set_name__", "__deepcopy__", "__fspath__", "__await__"),
        *("__aiter__", "__anext__", "__aenter__", "__aexit__", "__get__", "__set__", "__delete__"),
    ]
)
# As in operations.GENERAL, where Python code does it.
GENERAL = (
    ("list", "list(itertools.islice(o, 30))", "__iter__"),
    ("in", "1 in o", "__contains__"),
    ("bool", "bool(o)", "__bool__"),
)


def is_in_python(kind: type) -> bool:
    """Has a class statement made it, or a call of type()?"""
    own = kind.__dict__
    if CLASS_STATEMENT in own:
        return True
    if not kind.__flags__ & HEAP_TYPE:
        return False
    base = kind.__base__
    return any(type(value) is types.FunctionType for value in own.values()) or (
        base is not None and is_in_python(base)
    )


def _is_of_tests(module: str) -> bool:
    return any(
        part in ("tests", "test", "testing", "conftest") or part.startswith("test_")
        for part in module.split(".")
    )


def is_fit(kind: type, module: str) -> bool:
    """Is it a class of which two threads may share an object? Private ones are for those who make
    them to guard, and the second to acquire a lock that is shared would wait for ever."""
    name = kind.__qualname__
    if not is_in_python(kind) or _is_of_tests(module) or not re.fullmatch(r"[\w.]+", name):
        return False
    if any(part.startswith("_") for part in name.split(".")):
        return False
    if issubclass(kind, (BaseException, type, enum.Enum, threading.Thread, tuple, *PLAIN[:5])):
        return False
    if hasattr(kind, "acquire") and hasattr(kind, "release"):
        return False
    return not (inspect.isabstract(kind) or kind.__dict__.get("_is_protocol", False))


def candidates(
    kind: type, methods: dict[str, Counter[str]], packages: Container[str]
) -> Iterator[Candidate]:
    """What a class's methods and properties are called with: those that are the packages' own, and
    what it inherits from containers and mixins. A server's `handle_request` is somebody else's."""
    for name in sorted(dir(kind)):
        found, owner = find(kind, name)
        dunder = name.startswith("__") and name.endswith("__")
        if (
            owner is None
            or owner is object
            or not _is_of(owner, packages)
            or name in MEANINGLESS
            or name in NO_OPERATION
        ):
            continue
        if found is None or (name.startswith("_") and not dunder):
            continue
        if re.fullmatch(r"__r(?!epr|educe|eversed|ound)\w+__", name):
            continue  # the same with its operands exchanged
        if isinstance(found, property | functools.cached_property):
            yield Candidate(name, f"o.{name}")
            if isinstance(found, property) and found.fset is not None:
                values = (f"o2.{name}", *ASSIGNED)
                yield Candidate(f"{name}=", f"o.{name} = a[0]", values, MOST_OPERANDS)
        elif _is_method(found):
            made = method(name, methods.get(name, Counter()), hasattr(kind, "__iter__"))
            code, arguments = made.code, made.arguments
            if not dunder and not _takes_another(found):
                arguments = tuple(given for given in arguments if way_of(given) != ANOTHER)
            if inspect.isgeneratorfunction(found):
                code = f"list(itertools.islice({code}, 30))"
            yield Candidate(made.name, code, arguments, min(made.keep, MOST_OPERANDS))
    for name, code, needed in GENERAL:
        if isinstance(find(kind, needed)[0], types.FunctionType):
            yield Candidate(name, code)


def _takes_another(function: object) -> bool:
    """Does a method say that it is given another object of its kind, as merge(self, other) does? A
    method that takes what can be walked would take one as well, and walk it without its lock."""
    code = getattr(function, "__code__", None)
    names = code.co_varnames[: code.co_argcount] if isinstance(code, types.CodeType) else ()
    return not OTHERS.isdisjoint(names)


def _is_of(owner: type, packages: Container[str]) -> bool:
    top = str(owner.__module__).partition(".")[0]
    return top in packages or top in MIXINS or not is_in_python(owner)


def _is_method(found: object) -> bool:
    """Not one that waits for an event loop, nor one of the class."""
    if isinstance(found, classmethod | staticmethod | type) or not callable(found):
        return False
    if inspect.iscoroutinefunction(found) or inspect.isasyncgenfunction(found):
        return False
    return hasattr(type(found), "__get__")


def fields_of(o: object, depth: int = 0) -> dict[str, str]:
    """What its attributes are, in words that are the same for objects that are alike."""
    fields: dict[str, object] = {}
    for base in reversed(type(o).__mro__):
        slots: Any = base.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else tuple(slots):
            value = getattr(o, name, fields)
            if value is not fields:
                fields[name] = value
    fields.update(getattr(o, "__dict__", {}))
    return {name: shown(value, depth) for name, value in list(fields.items())}


def shown(value: object, depth: int = 0) -> str:
    """A short text for a value."""
    kind = type(value)
    if kind in PLAIN or isinstance(value, CONTAINERS):
        return re.sub(r"0x[0-9a-f]+", "", repr(value))[:LONGEST]
    if depth < DEEPEST and is_in_python(kind) and kind.__module__ not in sys.stdlib_module_names:
        return f"{kind.__name__} {fields_of(value, depth + 1)}"[:LONGEST]
    return kind.__name__
