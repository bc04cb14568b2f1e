"""What a driver offers to the zygote and to the collector."""

import fnmatch
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .contract import Outcome
from .failures import Failure
from .turns import Schedule


class SuiteError(Exception):
    """The suite can't be used at all; the message is for the user."""


@dataclass(frozen=True)
class Options:
    """The suite as the runner gives it on the command line."""

    targets: Sequence[str]
    rootdir: Path | None = None
    args: Sequence[str] = ()
    unsafe: Sequence[str] = ()

    def unsafe_reason(self, test: str) -> str | None:
        """Why the suite file wants `test` in one thread, or None."""
        for pattern in self.unsafe:
            if test == pattern or fnmatch.fnmatchcase(test, pattern):
                return f"the suite's `unsafe` lists {pattern}"
        return None


@dataclass(frozen=True)
class Listed:
    """A test as collect.py writes it."""

    id: str
    file: str
    keywords: Sequence[str]
    unsafe: str | None
    stage: int = 0
    """Tests of a lower stage are run before all of a higher one."""


@dataclass
class Problem:
    """Something that kept tests from being collected."""

    what: str
    message: str
    traceback: str = ""
    tests: list[str] = field(default_factory=list)
    file: str = ""


@dataclass
class Result:
    """How a test went."""

    outcome: Outcome
    failures: list[Failure] = field(default_factory=list)
    ordered_by: str | None = None
    """Of a pair: the lock that has nothing to do with its object and ordered its calls."""


@dataclass
class Context:
    """The circumstances of one test in an iteration."""

    threads: int
    rng: random.Random
    next_test: Callable[[], "Test | None"]
    """Which test comes next, None for none: called after the body, before what it shared with
    the next one is torn down."""
    turns: Schedule = None
    """The test's threads take turns; None: they overlap."""


class Test(ABC):
    """A collected test. Lives as long as the slice."""

    id: str
    draws = True
    """Whether random numbers may be drawn in it. If not, no generator is seeded for it."""
    known: Outcome | None = None
    """What comes of it, where that is known: then it is not run."""

    @abstractmethod
    def threads(self, wanted: int) -> int:
        """In how many threads the test runs where `wanted` are asked for."""

    @abstractmethod
    def run(self, context: Context) -> Result:
        """Runs set-up, the bodies in context.threads threads, tear-down. Raises nothing."""


class Suite(ABC):
    """An opened suite: what is imported once and used by all iterations."""

    scratch_is_cwd = False
    """Whether an iteration's working directory is its scratch directory."""
    is_of_pairs = False
    """Whether its tests are so many and so short that what is seen after one says little of it."""
    rootdir: Path | None = None
    """What test ids are relative to."""
    notes: Sequence[str] = ()
    """What the user should know about how the suite is read: a line each."""

    @abstractmethod
    def group(self, ids: Sequence[str]) -> list[list[str]]:
        """`ids` in parts that are collected at one go: the tests of one file."""

    @abstractmethod
    def collect(self, ids: Sequence[str]) -> tuple[list[Test], list[Problem]]:
        """Finds tests of one group; imports what they need. What is imported stays."""

    @abstractmethod
    def list_tests(self) -> Iterator[Listed | Problem]:
        """All tests of the suite, in any order."""

    @abstractmethod
    def where(self) -> str:
        """Where tests were looked for, and what makes a test: for the user of a suite without."""

    def enter_iteration(self, scratch: Path, threads: int, seed: int) -> None:  # noqa: B027
        """In the forked child, before the first test."""


def group_by_file(ids: Sequence[str]) -> list[list[str]]:
    """Ids of the form FILE::NAMES, or FILE alone, in parts of one file each."""
    files: dict[str, list[str]] = {}
    for id_ in ids:
        files.setdefault(id_.partition("::")[0], []).append(id_)
    return list(files.values())


class Driver(ABC):
    """A kind of suite; drivers/list.txt lists them."""

    @abstractmethod
    def open(self, options: Options) -> Suite:
        """Imports what all tests need. Raises SuiteError."""
