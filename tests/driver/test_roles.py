"""Roles: functions of a script, or methods of a pytest class, that run against each other."""

import importlib.util
import json
import random
import unittest
from typing import Any

from ftstress_driver.drivers import roles
from harness import Zygote, collect

SCRIPTS = {
    "shared.py": """
        import os, threading
        ROLES = []
        OWN = threading.local()
        def setup(): assert not ROLES
        def setup_thread(thread_index): OWN.index = thread_index
        def stress_write(thread_index): ROLES.append(("write", OWN.index))
        def stress_read(thread_index): ROLES.append(("read", OWN.index))
        stress_of = 1
        class stress_class: pass
        def helper():
            def stress_inner(thread_index): pass
        def check():
            print("ROLES", *(f"{role}-{thread}" for role, thread in sorted(ROLES)), flush=True)
            threads = sorted(thread for _, thread in ROLES)
            assert threads == list(range(int(os.environ["FTSTRESS_THREADS"]))), ROLES
        """,
    "both.py": """
        def stress(thread_index): pass
        def stress_only(thread_index): raise ValueError(thread_index)
        """,
    "sometimes.py": """
        if False:
            def stress_never(thread_index): pass
        def stress_always(thread_index): pass
        """,
}

SUITE = {
    "tests/test_shared.py": """
        import threading
        import pytest

        made = []
        def index(): return int(threading.current_thread().name.rpartition("-")[2])

        @pytest.fixture
        def shared():
            made.append("fixture")
            return []

        @pytest.fixture
        def table(): return {}

        @pytest.mark.ftstress_roles
        class TestShared:
            def setup_method(self): self.own = []; made.append("setup")
            def teardown_method(self):
                print("ROLES", *sorted(self.own), flush=True)
                made.append("teardown")
            def test_write(self, shared, table): self.own.append("write"); assert table == {}
            def test_read(self, shared): self.own.append("read")
            @pytest.fixture(scope="class", autouse=True)
            def whole(self): made.clear()
            def helper(self): raise AssertionError
            async def test_async(self): pass

        def test_made_once(): assert made == ["setup", "fixture", "teardown"]

        @pytest.mark.ftstress_roles
        class TestFails:
            def test_good(self): pass
            def test_wrong(self): raise ValueError("wrong")

        @pytest.mark.ftstress_roles
        @pytest.mark.parametrize("size", [1, 2])
        class TestParameters:
            @pytest.mark.parametrize("key", ["a", "b"])
            def test_put(self, size, key): assert size < 2
            def test_get(self, size): pass

        @pytest.mark.ftstress_roles
        class TestMarks:
            @pytest.mark.thread_unsafe(reason="because")
            def test_one(self): pass
            def test_two(self): pass
            @pytest.mark.skip
            def test_three(self): pass

        @pytest.mark.ftstress_roles
        class TestStages:
            def setup_thread(self, thread_index): own.index = thread_index
            def test_a(self, thread_index): assert thread_index == own.index == index()
            @staticmethod
            def test_b(tmp_path): (tmp_path / "new").mkdir()
            @pytest.mark.iterations(3)
            def test_c(self): counts.append(1)
        counts, own = [], threading.local()
        @pytest.fixture
        def thread_index(): return 0
        """,
    "tests/test_case.py": """
        import unittest
        import pytest
        @pytest.mark.ftstress_roles
        class TestCase(unittest.TestCase):
            def test_a(self): pass
        """,
    "tests/test_twice.py": """
        import pytest
        @pytest.mark.ftstress_roles
        class TestTwice:
            @pytest.mark.parametrize("n", [1])
            def test_a(self, n): pass
            @pytest.mark.parametrize("n", [2])
            def test_b(self, n): pass
        """,
    "pytest.ini": "[pytest]\naddopts = --strict-markers\n",
}

HAS_PYTEST = importlib.util.find_spec("pytest") is not None


def listed(zygote: Zygote, driver: str, target: str) -> dict[str, Any]:
    output = zygote.directory / "list.json"
    arguments = ["--rootdir", str(zygote.directory), "--output", str(output)]
    done = collect("--driver", driver, "--target", target, *arguments)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(output.read_text())
    return document


def played(zygote: Zygote) -> list[list[str]]:
    """What each of the last tests printed."""
    lines = zygote.output().splitlines()
    return [line.split()[1:] for line in lines if line.startswith("ROLES")]


class Dealing(unittest.TestCase):
    def test_each_two_names_are_a_pair_and_each_with_itself_whatever_their_order(self) -> None:
        self.assertEqual(roles.pairs(["b", "a"]), [("a", "a"), ("a", "b"), ("b", "b")])
        self.assertEqual(roles.pairs([]), [])

    def test_threads_are_dealt_alternately_and_the_seed_says_who_has_two(self) -> None:
        dealt = {"".join(roles.deal("wr", 3, random.Random(seed))) for seed in range(20)}
        self.assertEqual(dealt, {"wrw", "rwr"})

    def test_a_test_without_roles_draws_nothing(self) -> None:
        rng = random.Random(1)
        self.assertEqual(roles.deal("x", 3, rng), ["x"] * 3)
        self.assertEqual(rng.random(), random.Random(1).random())


class Scripts(unittest.TestCase):
    zygote: Zygote

    @classmethod
    def setUpClass(cls) -> None:
        cls.zygote = Zygote("script", SCRIPTS, "--target", "*.py")
        hello = cls.zygote.receive()
        assert hello is not None and hello["op"] == "hello", hello

    @classmethod
    def tearDownClass(cls) -> None:
        assert cls.zygote.close() == 0

    def test_each_pair_is_a_test_and_the_file_only_if_it_has_stress(self) -> None:
        tests = listed(self.zygote, "script", "*.py")["tests"]
        self.assertEqual(
            [test["id"] for test in tests],
            [
                "both.py",
                "both.py::stress_only+stress_only",
                "shared.py::stress_read+stress_read",
                "shared.py::stress_read+stress_write",
                "shared.py::stress_write+stress_write",
                "sometimes.py::stress_always+stress_always",
                "sometimes.py::stress_always+stress_never",
                "sometimes.py::stress_never+stress_never",
            ],
        )
        self.assertEqual(
            (tests[3]["file"], tests[3]["keywords"]),
            ("shared.py", ["shared.py", "shared", "stress_read+stress_write"]),
        )

    def test_each_thread_has_one_role(self) -> None:
        id_ = "shared.py::stress_read+stress_write"
        before = len(played(self.zygote))
        for schedule in ("overlap", "turns", "one-by-one"):
            done = self.zygote.run([id_], threads=3, schedule=schedule)
            self.assertEqual((done.outcome(id_), done.threads(id_)), ("PASSED", 3))
        for line in played(self.zygote)[before:]:
            roles_, threads = zip(*(part.split("-") for part in line), strict=True)
            self.assertEqual(sorted(threads), ["0", "1", "2"])
            self.assertEqual(len(set(roles_)), 2)

    def test_one_thread_has_both_roles_one_after_the_other(self) -> None:
        id_ = "both.py::stress_only+stress_only"
        done = self.zygote.run([id_], threads=1)
        self.assertEqual([f["message"] for f in done.failures(id_)], ["0"])
        before = len(played(self.zygote))
        self.zygote.run(["shared.py::stress_read+stress_write"], threads=1)
        self.assertEqual(played(self.zygote)[before:], [["read-0", "write-0"]])

    def test_a_pair_of_one_slice_fails_and_the_file_itself_passes(self) -> None:
        ids = ["both.py", "both.py::stress_only+stress_only"]
        done = self.zygote.run(ids, threads=2)
        self.assertEqual([done.outcome(id_) for id_ in ids], ["PASSED", "FAILED"])
        self.assertEqual([f["thread"] for f in done.failures(ids[1])], [0, 1])

    def test_a_role_that_is_not_defined_after_all_is_skipped(self) -> None:
        id_ = "sometimes.py::stress_always+stress_never"
        self.assertEqual(self.zygote.run([id_]).outcome(id_), "SKIPPED")

    def test_a_pair_that_is_gone_is_told_and_not_run(self) -> None:
        ids = ["shared.py::stress_read+stress_gone", "shared.py::stress_read+stress_read"]
        done = self.zygote.run(ids)
        self.assertEqual([done.outcome(id_) for id_ in ids], ["NOT_RUN", "PASSED"])
        self.assertEqual([error["test"] for error in done.errors], ids[:1])


@unittest.skipUnless(HAS_PYTEST, "pytest can't be imported: put it on PYTHONPATH")
class PytestClasses(unittest.TestCase):
    zygote: Zygote

    @classmethod
    def setUpClass(cls) -> None:
        cls.zygote = Zygote("pytest", SUITE, "--target", "tests")
        hello = cls.zygote.receive()
        assert hello is not None and hello["op"] == "hello", hello

    @classmethod
    def tearDownClass(cls) -> None:
        assert cls.zygote.close() == 0

    def ids(self, *names: str) -> list[str]:
        return [f"tests/test_shared.py::{name}" for name in names]

    def test_a_marked_class_has_its_methods_and_their_pairs(self) -> None:
        document = listed(self.zygote, "pytest", "tests")
        found = {test["id"]: test for test in document["tests"]}
        self.assertLessEqual(
            set(self.ids("TestShared::test_read", "TestShared::test_read+test_write")), set(found)
        )
        self.assertEqual([id_ for id_ in found if "test_async+" in id_ or "+test_async" in id_], [])
        parameters = [id_ for id_ in found if "test_get+test_put" in id_]
        self.assertEqual(len(parameters), 4, parameters)
        unsafe = found[self.ids("TestMarks::test_one+test_two")[0]]["unsafe"]
        self.assertEqual(unsafe, "because")

    def test_a_mark_that_cannot_be_obeyed_is_one_clear_error(self) -> None:
        errors = {e["file"]: e["message"] for e in listed(self.zygote, "pytest", "tests")["errors"]}
        self.assertEqual(set(errors), {"tests/test_case.py", "tests/test_twice.py"})
        self.assertIn("make it a plain class", errors["tests/test_case.py"])
        self.assertIn(
            "test_a and test_b have different values for n", errors["tests/test_twice.py"]
        )

    def test_each_thread_calls_one_method_of_one_instance_that_is_set_up_once(self) -> None:
        ids = self.ids("TestShared::test_read+test_write", "test_made_once")
        before = len(played(self.zygote))
        for schedule in ("overlap", "turns", "one-by-one"):
            done = self.zygote.run(ids, threads=4, schedule=schedule)
            self.assertEqual(done.outcome(ids[0]), "PASSED", done.records)
        lines = played(self.zygote)[before:]
        self.assertEqual(lines, [["read", "read", "write", "write"]] * 3)
        done = self.zygote.run(ids, threads=1)
        self.assertEqual([done.outcome(id_) for id_ in ids], ["PASSED", "PASSED"], done.records)
        self.assertEqual(played(self.zygote)[-1], ["read", "write"])

    def test_only_the_threads_of_the_role_that_fails_are_told(self) -> None:
        (id_,) = self.ids("TestFails::test_good+test_wrong")
        done = self.zygote.run([id_], threads=4)
        self.assertEqual(done.outcome(id_), "FAILED")
        threads = [f["thread"] for f in done.failures(id_)]
        self.assertIn(threads, ([0, 2], [1, 3]))

    def test_parameters_of_class_and_method_make_a_pair_each(self) -> None:
        document = listed(self.zygote, "pytest", "tests")
        ids = [test["id"] for test in document["tests"] if "test_get+test_put" in test["id"]]
        done = self.zygote.run(ids, threads=2)
        self.assertEqual(
            sorted(str(done.outcome(id_)) for id_ in ids), ["FAILED", "FAILED", "PASSED", "PASSED"]
        )

    def test_the_marks_of_both_methods_count(self) -> None:
        names = ("test_one+test_two", "test_one+test_three", "test_three+test_two")
        ids = self.ids(*(f"TestMarks::{name}" for name in names))
        done = self.zygote.run(ids, threads=2)
        self.assertEqual(
            [done.outcome(id_) for id_ in ids], ["PASSED", "SKIPPED", "SKIPPED"], done.records
        )
        self.assertEqual(done.threads(ids[0]), 1)

    def test_what_pytest_run_parallel_makes_for_each_thread_is_each_threads_own(self) -> None:
        ids = self.ids("TestStages::test_a+test_b", "TestStages::test_b+test_c")
        done = self.zygote.run(ids, threads=4)
        self.assertEqual([done.outcome(id_) for id_ in ids], ["PASSED", "PASSED"], done.records)
