"""The driver's tests as TAP; called by ../driver.t. With pytest on PYTHONPATH its suites are tested
too."""

import importlib
import sys
import unittest
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "driver"), str(TESTS.parent / "stress"), str(TESTS / "lib")]
tap = importlib.import_module("tap")


class TapResult(unittest.TestResult):
    """One line a test; its name is the promise."""

    def addSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802
        tap.ok(True, promise(test))

    def addSkip(self, test: Any, reason: str) -> None:  # noqa: N802
        tap.skip(promise(test), reason)

    def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802
        super().addFailure(test, err)
        tap.ok(False, promise(test), self.failures[-1][1])

    def addError(self, test: Any, err: Any) -> None:  # noqa: N802
        super().addError(test, err)
        tap.ok(False, promise(test), self.errors[-1][1])

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: N802
        super().addSubTest(test, subtest, err)
        if err is not None:
            tap.ok(False, f"{promise(test)} {subtest._subDescription()}", err[1])

    def addExpectedFailure(self, test: Any, err: Any) -> None:  # noqa: N802
        tap.ok(True, promise(test))

    def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: N802
        tap.ok(False, promise(test), "marked @expectedFailure, but passed")


def promise(test: Any) -> str:
    if not isinstance(test, unittest.TestCase):  # setUpClass
        return str(test)
    name = test.id().rpartition(".")[2].removeprefix("test_").replace("_", " ")
    return f"{type(test).__name__}: {name}"


unittest.TestLoader().discover(str(TESTS / "driver")).run(TapResult())
sys.exit(tap.done())
