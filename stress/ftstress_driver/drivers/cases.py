"""unittest.TestCase in threads, for the pytest and the unittest driver.

Each thread has an instance of its own, with its own setUp and tearDown: unittest keeps the state
of a running test on the instance.
"""

import unittest
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


class UnexpectedSuccessError(Exception):
    """A test marked @expectedFailure passed."""


@dataclass
class CaseOutcome:
    """How one instance went in one thread."""

    errors: list[BaseException] = field(default_factory=list)
    skip: str | None = None


class _Result(unittest.TestResult):
    """Keeps exceptions, which unittest's own turns into text at once. Used by one thread."""

    def __init__(self) -> None:
        super().__init__()
        self.outcome = CaseOutcome()

    def addError(self, test: Any, err: Any) -> None:  # noqa: N802
        self._add(err)

    def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802
        self._add(err)

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: N802
        if err is not None:
            self._add(err)

    def addSkip(self, test: Any, reason: str) -> None:  # noqa: N802
        self.outcome.skip = reason

    def addExpectedFailure(self, test: Any, err: Any) -> None:  # noqa: N802
        pass

    def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: N802
        self.outcome.errors.append(UnexpectedSuccessError("marked @expectedFailure, but passed"))

    def addDuration(self, test: Any, elapsed: float) -> None:  # noqa: N802
        pass

    def _add(self, err: ExcInfo) -> None:
        if err[1] is not None:
            self.outcome.errors.append(err[1])


class CaseThread:
    """One thread's instance and what became of it; `body` is what the thread runs."""

    def __init__(self, make: Callable[[], Callable[[unittest.TestResult], Any]]) -> None:
        self._make = make
        self._result = _Result()

    def body(self) -> None:
        # The thread that runs the instance makes and frees it: some objects insist on that (Tcl).
        self._make()(self._result)

    @property
    def outcome(self) -> CaseOutcome:
        """After the thread has ended."""
        return self._result.outcome


def fresh_instance(template: unittest.TestCase) -> unittest.TestCase:
    """Another instance for the same method, with what a fixture has put on the template."""
    made = type(template)(template._testMethodName)
    for name, value in vars(template).items():
        vars(made).setdefault(name, value)
    return made
