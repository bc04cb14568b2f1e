"""Which tests of a pytest suite run in one thread: marks and detection of pytest-run-parallel.

The package is the ecosystem's agreement on this; without it installed, only the marks count.
"""

import dis
import inspect
import types
from collections.abc import Callable
from typing import Any

import pytest

from .pytest_roles import MARK, MEANING, functions_of

MARKS = {
    "thread_unsafe": "the test runs in one thread",
    "parallel_threads(n)": "the test runs in n threads",
    "parallel_threads_limit(n)": "the test runs in at most n threads",
    "force_parallel_threads(n)": "the test runs in n threads",
    "iterations(n)": "each thread runs the test n times",
}
UNSAFE_FIXTURES = ("capsys", "capteesys", "capsysbinary", "capfd", "capfdbinary", "monkeypatch")
"""pytest-run-parallel's list, for when it isn't there."""

Verdict = tuple[bool, str | None]


class ThreadRules:
    """Decides for the items of one session."""

    def __init__(self, config: pytest.Config) -> None:
        self._plugin: Any = config.pluginmanager.get_plugin("_run-parallel")
        self._seen: dict[Any, Verdict] = {}
        self._fixtures = frozenset(getattr(self._plugin, "unsafe_fixtures", UNSAFE_FIXTURES))
        self._identify: Callable[..., Verdict] | None = None
        config.addinivalue_line("markers", f"{MARK}: {MEANING}")
        if self._plugin is None:
            for mark, meaning in MARKS.items():
                config.addinivalue_line("markers", f"{mark}: {meaning}")
            return
        try:
            from pytest_run_parallel.thread_unsafe_detection import identify_thread_unsafe_nodes
        except ImportError:
            return
        self._identify = identify_thread_unsafe_nodes

    def unsafe_reason(self, item: pytest.Item) -> str | None:
        """Why `item` runs in one thread, None when it need not."""
        mark = item.get_closest_marker("thread_unsafe")
        if mark is not None:
            return str(mark.kwargs.get("reason") or "marked thread_unsafe")
        if self.limit(item, 2) == 1:
            return "marked as single-threaded"
        functions = functions_of(item)
        if not isinstance(item, pytest.Function) or functions[0] is None:
            return f"{type(item).__name__} is not a Python function"
        fixtures = sorted(self._fixtures.union(["subtests"]).intersection(item.fixturenames))
        if fixtures:
            return f"uses thread-unsafe fixtures: {', '.join(fixtures)}"
        for function in functions:
            if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
                return "an async function"
            reason = self._detect(function)
            if reason is not None:
                return reason
            if _deletes_global(getattr(inspect.unwrap(function), "__code__", None)):
                return "deletes a global of its module"
        return None

    @staticmethod
    def limit(item: pytest.Item, wanted: int) -> int:
        """`wanted` threads, as the marks change it."""
        count = _argument(item, "parallel_threads", wanted)
        count = min(count, _argument(item, "parallel_threads_limit", count))
        return max(1, _argument(item, "force_parallel_threads", count))

    @staticmethod
    def iterations(item: pytest.Item) -> int:
        """How often each thread runs the body."""
        return max(1, _argument(item, "iterations", 1))

    def _detect(self, function: Callable[..., Any]) -> str | None:
        """Reads the test's source; the answer of a function is kept, its items are many."""
        if self._identify is None:
            return None
        key = getattr(function, "__func__", function)
        try:
            if key not in self._seen:
                self._seen[key] = self._call_detection(function)
            unsafe, reason = self._seen[key]
        except TypeError:  # not hashable
            unsafe, reason = self._call_detection(function)
        return (reason or "detected as thread-unsafe") if unsafe else None

    def _call_detection(self, function: Callable[..., Any]) -> Verdict:
        assert self._identify is not None
        settings: list[Any] = [
            getattr(self._plugin, name, default)
            for name, default in (
                ("skipped_functions", frozenset()),
                ("mark_warnings_as_unsafe", False),
                ("mark_ctypes_as_unsafe", False),
                ("mark_hypothesis_as_unsafe", False),
            )
        ]
        # Older releases take fewer settings, the same ones in the same order.
        for count in (4, 3, 2, 1):
            try:
                return self._identify(function, *settings[:count])
            except TypeError:
                continue
        return False, None


def _deletes_global(code: types.CodeType | None) -> bool:
    """What only assigns to one may be meant to, and shows whether that loses anything; of two
    threads that delete it one can't."""
    if code is None:
        return False
    if any(step.opname == "DELETE_GLOBAL" for step in dis.get_instructions(code)):
        return True
    return any(_deletes_global(c) for c in code.co_consts if isinstance(c, types.CodeType))


def _argument(item: pytest.Item, mark: str, default: int) -> int:
    found = item.get_closest_marker(mark)
    if found is None or not found.args or not isinstance(found.args[0], int):
        return default
    return found.args[0]
