"""The zygote with scripts and with unittest modules."""

import json
import textwrap
import unittest

from harness import Zygote, collect

SCRIPTS = {
    "race.py": """
        import os
        SEEN = None
        def setup():
            global SEEN
            SEEN = []
        def stress(thread_index): SEEN.append(thread_index)
        def check():
            assert sorted(SEEN) == list(range(int(os.environ["FTSTRESS_THREADS"]))), SEEN
        """,
    "fails.py": """
        def stress(thread_index):
            if thread_index: raise ValueError(thread_index)
        def check(): raise AssertionError("checked")
        """,
    "leaves.py": "import sys\nsys.exit(3)\n",
    "leaves_well.py": "import sys\nsys.exit(0)\n",
    "main.py": """
        import __main__, os, sys, threading
        assert __name__ == "__main__" and __main__.__file__ == __file__
        assert threading.current_thread() is threading.main_thread()
        assert os.environ["FTSTRESS_THREADS"] == "3" and os.environ["FTSTRESS_SEED"] == "7"
        import beside
        """,
    "beside.py": "",
    "broken.py": "def (\n",
}

CASES = {
    "cases.py": """
        import os, unittest
        log = []
        def setUpModule(): log.append("module")
        def tearDownModule(): log.append("module gone")
        class One(unittest.TestCase):
            @classmethod
            def setUpClass(cls): log.append("one")
            @classmethod
            def tearDownClass(cls): log.append("one gone")
            def setUp(self): self.mine = []
            def test_a(self): self.mine.append(1); self.assertEqual(self.mine, [1])
            def test_b(self): self.assertEqual(log, ["module", "one"])
            def test_fails(self): self.fail("no")
            @unittest.skip("no")
            def test_skipped(self): self.fail()
        class Two(unittest.TestCase):
            def test_classes(self): self.assertEqual(log, ["module", "one", "one gone"])
            def test_chdir(self): os.chdir(".")
            def helper(self): os.environ["A"] = "1"
            def test_helper(self): self.helper()
        class Blocked(unittest.TestCase):
            @classmethod
            def setUpClass(cls): raise RuntimeError("class")
            def test_x(self): pass
        class Refused(unittest.TestCase):
            @classmethod
            def setUpClass(cls): raise unittest.SkipTest("class")
            def test_x(self): pass
        """,
}


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

    def test_stress_runs_in_threads_between_setup_and_check(self) -> None:
        done = self.zygote.run(["race.py"], threads=4)
        self.assertEqual((done.outcome("race.py"), done.threads("race.py")), ("PASSED", 4))

    def test_failures_of_threads_and_of_check_are_told_apart(self) -> None:
        done = self.zygote.run(["fails.py"], threads=3)
        self.assertEqual([f["thread"] for f in done.failures("fails.py")], [1, 2, 0xFFFF])

    def test_leaving_with_a_status_is_a_failure(self) -> None:
        done = self.zygote.run(["leaves.py", "leaves_well.py"])
        self.assertEqual(done.outcome("leaves.py"), "FAILED")
        self.assertEqual(done.outcome("leaves_well.py"), "PASSED")

    def test_a_script_is_the_main_module_and_knows_threads_and_seed(self) -> None:
        done = self.zygote.run(["main.py"], threads=3)
        self.assertEqual(done.outcome("main.py"), "PASSED", done.records)

    def test_a_syntax_error_is_told_and_not_run(self) -> None:
        done = self.zygote.run(["broken.py", "race.py"])
        self.assertEqual(done.outcome("broken.py"), "NOT_RUN")
        self.assertEqual(done.outcome("race.py"), "PASSED")
        self.assertEqual([error["test"] for error in done.errors], ["broken.py"])


class Unittest(unittest.TestCase):
    zygote: Zygote

    @classmethod
    def setUpClass(cls) -> None:
        cls.zygote = Zygote("unittest", CASES, "--target", "cases")
        hello = cls.zygote.receive()
        assert hello is not None and hello["op"] == "hello", hello

    @classmethod
    def tearDownClass(cls) -> None:
        assert cls.zygote.close() == 0

    def test_modules_and_classes_are_set_up_once_and_each_thread_has_an_instance(self) -> None:
        names = (
            "One.test_a",
            "One.test_b",
            "One.test_fails",
            "One.test_skipped",
            "Two.test_classes",
        )
        ids = [f"cases.{name}" for name in names]
        done = self.zygote.run(ids, threads=4)
        self.assertEqual(
            [done.outcome(id_) for id_ in ids], ["PASSED", "PASSED", "FAILED", "SKIPPED", "PASSED"]
        )
        self.assertEqual([f["thread"] for f in done.failures(ids[2])], [0, 1, 2, 3])

    def test_a_class_that_cannot_be_set_up_is_an_error_or_a_skip(self) -> None:
        ids = ["cases.Blocked.test_x", "cases.Refused.test_x"]
        done = self.zygote.run(ids)
        self.assertEqual([done.outcome(id_) for id_ in ids], ["ERROR", "SKIPPED"])

    def test_tests_that_change_the_process_run_in_one_thread(self) -> None:
        ids = ["cases.Two.test_chdir", "cases.Two.test_helper", "cases.One.test_a"]
        done = self.zygote.run(ids, threads=4)
        self.assertEqual([done.threads(id_) for id_ in ids], [1, 1, 4])

    def test_an_unknown_id_is_told_and_not_run(self) -> None:
        ids = ["cases.One.test_gone", "cases.One.test_a"]
        done = self.zygote.run(ids)
        self.assertEqual([done.outcome(id_) for id_ in ids], ["NOT_RUN", "PASSED"])
        self.assertEqual([error["what"] for error in done.errors], ["not-found"])

    def test_the_list_names_the_reason_for_one_thread(self) -> None:
        output = self.zygote.directory / "list.json"
        done = collect(
            "--driver",
            "unittest",
            "--target",
            "cases",
            "--path",
            str(self.zygote.directory),
            "--output",
            str(output),
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        tests = {test["id"]: test for test in json.loads(output.read_text())["tests"]}
        self.assertEqual(len(tests), 9)
        self.assertEqual(tests["cases.Two.test_chdir"]["unsafe"], "changes the working directory")
        self.assertIn("test_chdir", tests["cases.Two.test_chdir"]["keywords"])

    def test_a_module_without_its_doctests_has_its_other_tests(self) -> None:
        text = """
            import doctest, unittest
            def two():
                \"""
                >>> two()
                2
                \"""
                return 2
            class Case(unittest.TestCase):
                def test_two(self): self.assertEqual(two(), 2)
            def load_tests(loader, tests, pattern):
                tests.addTest(doctest.DocTestSuite())
                return tests
        """
        folder = self.zygote.directory
        (folder / "with_doctests.py").write_text(textwrap.dedent(text))
        where = ("--target", "with_doctests", "--path", str(folder))
        done = collect("--driver", "unittest", *where, "--output", str(folder / "list.json"))
        self.assertEqual(done.returncode, 0, done.stderr)
        said = json.loads((folder / "list.json").read_text())
        self.assertEqual([test["id"] for test in said["tests"]], ["with_doctests.Case.test_two"])
        self.assertEqual(said["errors"], [])
        self.assertEqual(len(said["notes"]), 1)
        self.assertTrue(said["notes"][0].endswith("are left out: with_doctests (1 of 2)"))

    def test_an_empty_list_names_the_module_that_has_no_tests(self) -> None:
        output = self.zygote.directory / "list.json"
        done = collect("--driver", "unittest", "--target", "json", "--output", str(output))
        self.assertEqual(done.returncode, 0, done.stderr)
        where = json.loads(output.read_text())["where"]
        self.assertIn(f"no class of unittest.TestCase in json ({json.__file__})", where)

    def test_a_module_that_does_not_exist_is_one_clear_error(self) -> None:
        done = collect("--driver", "unittest", "--target", "no_such", "--output", "/dev/null")
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (4, 1), done.stderr)
