#!/usr/bin/env python3
"""The driver's tests as TAP. With pytest on PYTHONPATH its suites are tested too."""

import sys
import unittest
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent / "driver"
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "stress")]


class TapResult(unittest.TestResult):
    """One line a test; its name is the promise."""

    def _line(self, passed: bool, test: unittest.TestCase, extra: str = "") -> None:
        name = test.id().rpartition(".")[2].removeprefix("test_").replace("_", " ")
        group = type(test).__name__
        print(f"{'ok' if passed else 'not ok'} {self.testsRun} - {group}: {name}{extra}")
        sys.stdout.flush()

    def addSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802
        self._line(True, test)

    def addSkip(self, test: Any, reason: str) -> None:  # noqa: N802
        self._line(True, test, f" # SKIP {reason}")

    def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802
        super().addFailure(test, err)
        self._line(False, test)
        self._diagnose(self.failures[-1][1])

    def addError(self, test: Any, err: Any) -> None:  # noqa: N802
        super().addError(test, err)
        if not isinstance(test, unittest.TestCase):  # setUpClass
            self.testsRun += 1
            print(f"not ok {self.testsRun} - {test}")
        else:
            self._line(False, test)
        self._diagnose(self.errors[-1][1])

    @staticmethod
    def _diagnose(text: str) -> None:
        print("".join(f"# {line}\n" for line in text.splitlines()), end="")


suite = unittest.TestLoader().discover(str(HERE))
result = TapResult()
suite.run(result)
print(f"1..{result.testsRun}")
sys.exit(0 if result.wasSuccessful() else 1)
