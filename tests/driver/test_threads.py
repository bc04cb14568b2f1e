"""Bodies run together, once each, and nothing of what they raise is lost."""

import decimal
import random
import threading
import time
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.machinery import ExtensionFileLoader
from unittest import mock

import harness
from ftstress_driver import gil, threads, turns


class Threads(unittest.TestCase):
    def test_all_bodies_run_at_the_same_time(self) -> None:
        meeting = threading.Barrier(4, timeout=harness.LIMIT)
        self.assertEqual(threads.run_bodies([meeting.wait] * 4, random.Random(1)), [None] * 4)

    def test_each_body_runs_once_in_a_thread_of_its_own(self) -> None:
        seen: list[tuple[int, int]] = []
        meeting = threading.Barrier(3, timeout=harness.LIMIT)

        def body(index: int) -> threads.Body:
            def run() -> None:
                seen.append((index, threading.get_ident()))
                meeting.wait()

            return run

        threads.run_bodies([body(i) for i in range(3)], random.Random(1))
        self.assertEqual(sorted(index for index, _ in seen), [0, 1, 2])
        self.assertEqual(len({ident for _, ident in seen} - {threading.get_ident()}), 3)

    def test_what_each_body_raised_is_found_at_its_index(self) -> None:
        def leave() -> None:
            raise SystemExit(3)

        errors = threads.run_bodies([lambda: None, leave, fail], random.Random(1))
        self.assertEqual([type(error) for error in errors], [type(None), SystemExit, KeyError])

    def test_each_thread_prepares_before_any_body_and_one_that_fails_stops_no_other(self) -> None:
        ready, seen = set[int](), list[set[int]]()

        def prepare(index: int) -> None:
            time.sleep(0.02 * index)
            ready.add(index)
            if index == 1:
                raise KeyError(index)

        bodies = [lambda: seen.append(set(ready))] * 3
        errors = threads.run_bodies(bodies, random.Random(1), None, prepare)
        self.assertEqual([type(e) for e in errors], [type(None), KeyError, type(None)])
        self.assertEqual(seen, [{0, 1, 2}] * 2)

    def test_threads_do_not_inherit_decimals_context(self) -> None:
        decimal.getcontext().prec = 9
        contexts: list[decimal.Context] = []
        threads.run_bodies([lambda: contexts.append(decimal.getcontext())] * 2, random.Random(1))
        self.assertEqual(len({id(context) for context in [decimal.getcontext(), *contexts]}), 3)

    def test_the_seed_decides_the_order_of_starts(self) -> None:
        def order(seed: int) -> list[str]:
            names: list[str] = []
            start = threading.Thread.start

            def note(thread: threading.Thread) -> None:
                names.append(thread.name)
                start(thread)

            with mock.patch.object(threading.Thread, "start", note):
                threads.run_bodies([lambda: None] * 5, random.Random(seed))
            return names

        self.assertEqual(order(1), order(1))
        self.assertGreater(len({tuple(order(seed)) for seed in range(8)}), 1)

    def test_no_body_runs_when_a_thread_cannot_start(self) -> None:
        ran: list[int] = []
        start = threading.Thread.start

        def fail_last(thread: threading.Thread) -> None:
            if threading.active_count() == 3:
                raise RuntimeError("can't start new thread")
            start(thread)

        with (
            mock.patch.object(threading.Thread, "start", fail_last),
            self.assertRaisesRegex(RuntimeError, "start new thread"),
        ):
            threads.run_bodies([lambda: ran.append(1)] * 3, random.Random(1))
        self.assertEqual(ran, [])


class FakeTurns(turns.Turns):
    """Without the library: bodies begin when the main thread lets them, and end one by one."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.begun = threading.Event()
        self.come = threading.Semaphore(0)
        self.gone = threading.Semaphore(0)
        self.may_end: list[int] = []
        self.count = 0

    @contextmanager
    def of(
        self, count: int, rng: random.Random, in_threads: bool = True
    ) -> Iterator[list[turns.Place]]:
        del rng
        self.count = count
        if not in_threads:
            self.begun.set()

        def enter(place: int) -> None:
            self.come.release()
            self.begun.wait()
            self.told.append(f"enter {place}")

        def leave(place: int) -> None:
            self.told.append(f"leave {place}")
            self.gone.release()

        def stay(place: int) -> None:
            while place not in self.may_end:
                time.sleep(0.001)
            self.told.append(f"end {place}")

        yield [
            turns.Place(i, partial(enter, i), partial(leave, i), partial(stay, i))
            for i in range(count)
        ]
        self.told.append("over")

    def entered(self, count: int) -> None:
        while self.come._value < count:
            time.sleep(0.001)
        self.told.append(f"{count} entered")

    def run(self) -> None:
        self.told.append("run")
        self.begun.set()
        for _ in range(self.count):
            self.gone.acquire()

    def let_go(self, place: turns.Place) -> None:
        self.told.append(f"let go {place.number}")
        self.may_end.append(place.number)

    def end(self) -> None:
        self.begun.set()


def fail() -> None:
    raise KeyError("key")


class TakingTurns(unittest.TestCase):
    def test_threads_come_up_and_end_one_by_one_whatever_their_bodies_do(self) -> None:
        fake = FakeTurns()
        errors = threads.run_bodies([lambda: None, fail], random.Random(1), fake)
        self.assertEqual([type(error) for error in errors], [type(None), KeyError])
        self.assertEqual(fake.told[:3], ["1 entered", "2 entered", "run"])
        self.assertEqual(sorted(fake.told[3:7]), ["enter 0", "enter 1", "leave 0", "leave 1"])
        first = int(fake.told[7][-1])
        ends = [word for i in (first, 1 - first) for word in (f"let go {i}", f"end {i}")]
        self.assertEqual(fake.told[7:], [*ends, "over"])

    def test_no_body_runs_when_a_thread_cannot_start(self) -> None:
        ran: list[int] = []
        start = threading.Thread.start

        def fail_last(thread: threading.Thread) -> None:
            if threading.active_count() == 3:
                raise RuntimeError("can't start new thread")
            start(thread)

        with (
            mock.patch.object(threading.Thread, "start", fail_last),
            self.assertRaisesRegex(RuntimeError, "start new thread"),
        ):
            threads.run_bodies([lambda: ran.append(1)] * 3, random.Random(1), FakeTurns())
        self.assertEqual(ran, [])

    def test_a_body_alone_takes_turns_with_the_threads_that_it_starts(self) -> None:
        fake = FakeTurns()
        threads.run_alone(lambda: fake.told.append("body"), fake)
        self.assertEqual(fake.told, ["enter 0", "body", "leave 0", "over"])

    def test_without_the_library_threads_overlap(self) -> None:
        self.assertIsNone(turns.turns_for("turns", random.Random(1)))


class Gil(unittest.TestCase):
    def test_the_extension_module_that_enabled_the_gil_is_named(self) -> None:
        loader = ExtensionFileLoader
        told: list[str] = []
        state = iter([False, False, True, True])
        original = mock.Mock(return_value="module")
        with (
            mock.patch.object(loader, "create_module", original),
            mock.patch.object(gil, "enabled", lambda: next(state)),
        ):
            watch = gil.Watch(told.append)
            watch.install()
            for name in ("innocent", "guilty", "later"):
                made = loader.create_module(loader(name, "/x.so"), mock.Mock(name=name))
                self.assertEqual(made, "module")
        del made
        self.assertEqual(len(told), 1)
        self.assertEqual(original.call_count, 3)
