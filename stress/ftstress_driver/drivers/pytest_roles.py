"""Roles in a pytest class: `@pytest.mark.ftstress_roles` runs its test methods against each other.

Such a class gets a further method for each pair of its test methods, named `test_a+test_b`, before
pytest collects it. So a pair is an item as any other: it has one instance, setup_method and the
fixtures of both methods once, the marks of both, and an id. What it does when it is called is the
driver's: each thread calls one of the two (pytest_run.py). A method against itself needs no pair:
that is the method's own item.
"""

import inspect
import unittest
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from typing import Any

import pytest
from _pytest.compat import getfuncargnames
from _pytest.mark.structures import get_unpacked_marks
from _pytest.python import PyCollector

from .roles import SEPARATOR

MARK = "ftstress_roles"
PREPARE = "setup_thread"
MEANING = "ftstress runs the test methods of this class against each other, one a thread"

_ROLES = "_ftstress_roles"
_ARGUMENTS = "_ftstress_arguments"

Function = Callable[..., Any]


class RolesError(pytest.Collector.CollectError):
    """The mark is where it can't be obeyed."""


def add_pairs(collector: pytest.Collector, kind: object) -> None:
    """Gives a class that is marked the methods that stand for pairs of its tests.

    collector   of the class's module or outer class: knows what names make a test
    Raises RolesError.
    """
    if not isinstance(kind, type) or not isinstance(collector, PyCollector):
        return
    if all(mark.name != MARK for mark in get_unpacked_marks(kind)):
        return
    if issubclass(kind, unittest.TestCase):
        raise RolesError(
            f"{kind.__qualname__}: {MARK} on a unittest.TestCase, of which each thread has an "
            "instance of its own; make it a plain class"
        )
    for first, second in combinations(sorted(_roles_of(collector, kind)), 2):
        setattr(kind, f"{first}{SEPARATOR}{second}", _pair(kind, first, second))


def roles_of(function: Any) -> tuple[str, ...]:
    """The methods that a pair stands for; empty for any other function."""
    return getattr(function, _ROLES, ())


def functions_of(item: pytest.Item) -> list[Any]:
    """What the threads of an item call: its function, or either role's; [None] for no function."""
    function = getattr(item, "obj", None)
    roles = roles_of(function)
    if not roles:
        return [function]
    instance = getattr(item, "instance", None)
    return [getattr(instance, role) for role in roles]


def arguments_of(item: pytest.Item) -> list[frozenset[str]] | None:
    """Which of the item's arguments each of functions_of() takes; None: all."""
    return getattr(getattr(item, "obj", None), _ARGUMENTS, None)


def preparation_of(item: pytest.Item) -> Callable[[int], object]:
    """What each thread calls with its index before they meet: `setup_thread` of a marked class."""
    instance = getattr(item, "instance", None)
    marked = any(mark.name == MARK for mark in get_unpacked_marks(type(instance)))
    found = getattr(instance, PREPARE, None) if marked else None
    return found if callable(found) else lambda thread: None


def _roles_of(collector: PyCollector, kind: type) -> Iterator[str]:
    """Names of the test methods, inherited ones too."""
    for name in dir(kind):
        function = getattr(kind, name, None)
        is_async = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
        if collector.istestfunction(function, name) and not is_async and not roles_of(function):
            yield name


def _pair(kind: type, first: str, second: str) -> Function:
    functions: dict[str, Function] = {name: getattr(kind, name) for name in (first, second)}
    arguments = [
        getfuncargnames(function, name=name, cls=kind) for name, function in functions.items()
    ]
    marks = _marks_of(functions)
    _check_parameters(kind, functions, marks)

    def pair(self: Any, **values: Any) -> None:
        raise AssertionError("a pair is called by the driver")

    made: Any = pair
    made.__name__ = f"{first}{SEPARATOR}{second}"
    made.__qualname__ = f"{kind.__qualname__}.{made.__name__}"
    made.__module__ = kind.__module__
    made.__signature__ = _signature(["self", *arguments[0], *arguments[1]])
    made.pytestmark = marks
    setattr(made, _ROLES, (first, second))
    setattr(made, _ARGUMENTS, [frozenset(names) for names in arguments])
    return pair


def _signature(names: Iterable[str]) -> inspect.Signature:
    """What pytest reads the fixtures from."""
    keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Signature([inspect.Parameter(name, keyword) for name in dict.fromkeys(names)])


def _marks_of(functions: dict[str, Function]) -> list[pytest.Mark]:
    marks: list[pytest.Mark] = []
    for function in functions.values():
        marks.extend(mark for mark in get_unpacked_marks(function) if mark not in marks)
    return marks


def _check_parameters(
    kind: type, functions: dict[str, Function], marks: Iterable[pytest.Mark]
) -> None:
    """pytest's own word for it would name neither method."""
    seen: set[str] = set()
    for mark in marks:
        if mark.name != "parametrize":
            continue
        given = mark.args[0] if mark.args else mark.kwargs.get("argnames", ())
        names = [name.strip() for name in given.split(",")] if isinstance(given, str) else given
        twice = seen.intersection(names)
        if twice:
            raise RolesError(
                f"{kind.__qualname__}: {' and '.join(functions)} have different values for "
                f"{', '.join(sorted(twice))}, so they can't be each other's roles ({MARK}); "
                "parametrize the class, or give the parameters different names"
            )
        seen.update(names)
