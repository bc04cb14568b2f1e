"""What the driver asks of the library between tests and rounds of a test (held, leaks)."""

import types
import unittest
from typing import Any, cast
from unittest import mock

from ftstress_driver import held, leaks
from ftstress_driver.contract import Outcome
from ftstress_driver.suite import Result


class Library:
    """Writes down what it is asked; a look takes so many seconds of its clock."""

    def __init__(self, costs: float = 0.0) -> None:
        self.now, self.costs = 100.0, costs
        self.looks: list[int] = []
        self.found = 0
        self.rounds: list[tuple[int, int]] = []
        self.told: list[tuple[int, int, int]] = []

    def ftstress_held_look(self, tests: int) -> int:
        self.now += self.costs
        self.looks.append(tests)
        return self.found

    def ftstress_leaks_round(self, alone: int, number: int) -> None:
        self.rounds.append((alone, number))

    def ftstress_leaks_tell(self, threads: int, rounds: int, alone: int) -> None:
        self.told.append((threads, rounds, alone))

    def clock(self) -> types.SimpleNamespace:
        return types.SimpleNamespace(monotonic=lambda: self.now)


class HeldTest(unittest.TestCase):
    """Looks that cost 0.1 s."""

    def setUp(self) -> None:
        self.library = Library(costs=0.1)
        self.enterContext(mock.patch.object(held, "time", self.library.clock()))
        self.held = held.Held(cast(Any, self.library))

    def run_tests(self, count: int, seconds: float) -> None:
        for _ in range(count):
            self.library.now += seconds
            self.held.after_test(False)

    def test_looks_take_a_share_of_the_time(self) -> None:
        self.run_tests(100, 1.0)
        self.assertEqual(self.library.looks, [1, *[5] * 19])

    def test_after_the_last_test_there_is_a_look_in_any_case(self) -> None:
        self.run_tests(3, 0.1)
        self.held.after_test(True)
        self.assertEqual(self.library.looks, [1, 3])

    def test_once_something_was_found_there_is_a_look_after_each_test(self) -> None:
        self.library.found = 1
        self.run_tests(4, 0.1)
        self.assertEqual(self.library.looks, [1, 1, 1, 1])


class LeaksTest(unittest.TestCase):
    """Tests that take so many seconds."""

    def setUp(self) -> None:
        self.library = Library()
        self.notes: list[str] = []
        self.runs: list[int] = []
        self.enterContext(mock.patch.object(leaks, "time", self.library.clock()))
        self.leaks = leaks.Leaks(cast(Any, self.library), self.notes.append)

    def of_test(self, seconds: float, threads: int) -> None:
        def run(count: int) -> Result:
            self.runs.append(count)
            self.library.now += seconds
            return Result(Outcome.PASSED)

        with mock.patch.object(leaks, "_settle"):
            self.leaks.of_test(run, threads)

    def test_a_slow_test_runs_in_threads_and_alone(self) -> None:
        self.of_test(2.9, 4)
        self.assertEqual(self.runs, [*[4] * 11, *[1] * 10])
        self.assertEqual(self.library.rounds[-1], (1, 6))
        self.assertEqual(self.library.told, [(4, 6, 6)])
        self.assertEqual(self.notes, [])

    def test_a_test_of_one_thread_has_one_half(self) -> None:
        self.of_test(0.1, 1)
        self.assertEqual(self.library.told, [(1, 6, 0)])

    def test_of_a_test_that_takes_too_long_a_note_says_so(self) -> None:
        self.of_test(3.1, 4)
        self.assertEqual(self.runs, [4])
        self.assertEqual(self.library.told, [])
        self.assertIn("longer than 3 s only once", self.notes[0])
