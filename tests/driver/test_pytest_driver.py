"""The zygote with a pytest suite."""

import configparser
import importlib.util
import json
import os
import signal
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path

from harness import Zygote, collect, write_files

SUITE = {
    "tests/test_verdicts.py": """
        import threading
        import pytest

        def own_index():
            return int(threading.current_thread().name.rpartition("-")[2])

        def test_pass(): pass
        def test_fail(): assert 1 == 2, "nope"
        def test_fail_in_one():
            if own_index() == 1: raise ValueError("only one")
        def test_skip_in_one():
            if own_index() == 1: pytest.skip("one")
        @pytest.mark.skip
        def test_skip(): assert 0
        @pytest.mark.skipif(True, reason="x")
        def test_skipif(): assert 0
        @pytest.mark.xfail
        def test_xfail(): assert 0
        @pytest.mark.xfail
        def test_xfail_in_one(): assert own_index() != 1
        @pytest.mark.xfail(strict=True)
        def test_xpass_strict(): pass
        @pytest.mark.xfail(raises=KeyError)
        def test_xfail_other():
            raise ValueError("not foreseen") if own_index() == 1 else KeyError("foreseen")
        @pytest.mark.xfail(run=False)
        def test_xfail_norun(): assert 0
        def test_xfail_called(): pytest.xfail("later")
        async def test_async(): pass
        @pytest.fixture
        def broken(): raise RuntimeError("set-up")
        def test_setup_error(broken): pass
        @pytest.fixture
        def breaks():
            yield
            raise RuntimeError("tear-down")
        def test_teardown_error(breaks): pass
        """,
    "tests/test_threads.py": """
        import os
        import threading
        import unittest
        import pytest

        IMPORTED_BY = os.getpid()
        def test_main_thread(): assert threading.current_thread() is threading.main_thread()
        def test_imported_by_the_zygote(): assert os.getppid() == IMPORTED_BY
        def test_tmp_path(tmp_path): (tmp_path / "new").mkdir()
        def test_tmpdir(tmpdir): tmpdir.mkdir("new")
        def test_capsys(capsys):
            print("text")
            assert capsys.readouterr().out == "text\\n"
        @pytest.mark.thread_unsafe
        def test_marked(): pass
        @pytest.mark.parallel_threads_limit(2)
        def test_limited(): pass
        def test_deletes_a_global():
            global made
            made = 1
            del made
        calls = []
        @pytest.mark.iterations(5)
        def test_iterations(): calls.append(1)
        def test_iterations_were_made(): assert len(calls) == 15
        @pytest.fixture(scope="class")
        def shared(request):
            request.cls.made = getattr(request.cls, "made", 0) + 1
            yield
            request.cls.gone = True
        @pytest.mark.usefixtures("shared")
        class TestClass:
            gone = False
            def setup_method(self): self.own = 1
            def test_one(self): assert (self.made, self.gone, self.own) == (1, False, 1)
            def test_two(self): assert (self.made, self.gone) == (1, False)
        def test_class_is_torn_down(): assert TestClass.gone
        class TestCase(unittest.TestCase):
            def setUp(self): self.mine = []
            def test_own_instance(self):
                self.mine.append(1)
                assert self.mine == [1]
            def test_subtests(self):
                for i in range(3):
                    with self.subTest(i=i): self.assertNotEqual(i, 1)
            @unittest.expectedFailure
            def test_expected(self): self.fail()
            @unittest.skip("no")
            def test_skipped(self): self.fail()
        """,
    "tests/test_parameters.py": """
        import pytest
        @pytest.mark.parametrize("value", (str(i) for i in range(4)))
        def test_generator(value): assert int(value) < 4
        @pytest.mark.parametrize("text", ["a::b", "q[1]", "x"])
        @pytest.mark.parametrize("number", range(100))
        def test_many(text, number): assert number < 99
        """,
    "tests/test_missing.py": "import no_such_module\ndef test_x(): pass\n",
    "tests/test_leaves.py": "import sys\nsys.exit(3)\n",
    "tests/test_skipped.py": """
        import pytest
        pytest.skip("all of it", allow_module_level=True)
        """,
    "tests/test_processes.py": """
        import os, random, signal, subprocess, sys, time
        from pathlib import Path
        HERE = Path(__file__).parent
        def test_dies(): os.kill(os.getpid(), signal.SIGKILL)
        def test_leaves_child():
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
            (HERE / "child").write_text(str(child.pid))
        def test_waits_for_prefetch():
            while not (HERE / "prefetched").exists(): time.sleep(0.001)
        def test_random(): (HERE / "drawn").write_text(str(random.random()))
        def test_group(): assert os.getpgid(0) == os.getpid()
        def test_score(): assert open("/proc/self/oom_score_adj").read() == "1000\\n"
        def test_waits():
            (HERE / "waiting").write_text(str(os.getpid()))
            time.sleep(1000)
        """,
    "tests/test_next.py": """
        from pathlib import Path
        (Path(__file__).parent / "prefetched").touch()
        def test_next(): pass
        """,
    "tests/conftest.py": """
        def pytest_collection_modifyitems(items):
            for item in items:
                if item.name == "test_pass": item.add_marker("seen_by_conftest")
        """,
}
HAS_PYTEST = importlib.util.find_spec("pytest") is not None


def gone(pid: int) -> bool:
    """Whether a process is dead (a zombie of init's is)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
    return stat.rpartition(")")[2].split()[0] in "ZX"


@unittest.skipUnless(HAS_PYTEST, "pytest can't be imported: put it on PYTHONPATH")
class PytestSuite(unittest.TestCase):
    zygote: Zygote

    @classmethod
    def setUpClass(cls) -> None:
        cls.zygote = Zygote("pytest", SUITE, "--target", "tests", "--unsafe", "*::test_next")
        hello = cls.zygote.receive()
        assert hello is not None and hello["op"] == "hello", hello

    @classmethod
    def tearDownClass(cls) -> None:
        assert cls.zygote.close() == 0

    def ids(self, file: str, *names: str) -> list[str]:
        return [f"tests/{file}.py::{name}" for name in names]

    def path(self, name: str) -> Path:
        return self.zygote.directory / "tests" / name

    def test_pytests_verdict_on_what_the_threads_raise_is_kept(self) -> None:
        expected = {
            "test_pass": "PASSED",
            "test_fail": "FAILED",
            "test_fail_in_one": "FAILED",
            "test_skip_in_one": "SKIPPED",
            "test_skip": "SKIPPED",
            "test_skipif": "SKIPPED",
            "test_xfail": "SKIPPED",
            "test_xfail_in_one": "SKIPPED",
            "test_xpass_strict": "FAILED",
            "test_xfail_other": "FAILED",
            "test_xfail_norun": "SKIPPED",
            "test_xfail_called": "SKIPPED",
            "test_async": "SKIPPED",
            "test_setup_error": "ERROR",
            "test_teardown_error": "ERROR",
        }
        ids = self.ids("test_verdicts", *expected)
        done = self.zygote.run(ids)
        self.assertEqual({id_.rpartition("::")[2]: done.outcome(id_) for id_ in ids}, expected)
        self.assertEqual(done.ended["status"], 0)

    def test_each_thread_that_fails_is_told_with_its_own_frames_only(self) -> None:
        every, one, setup = self.ids(
            "test_verdicts", "test_fail", "test_fail_in_one", "test_setup_error"
        )
        done = self.zygote.run([every, one, setup])
        self.assertEqual([f["thread"] for f in done.failures(every)], [0, 1, 2])
        self.assertEqual([f["thread"] for f in done.failures(one)], [1])
        self.assertEqual([f["thread"] for f in done.failures(setup)], [0xFFFF])
        failure = done.failures(one)[0]
        self.assertEqual((failure["type"], failure["message"]), ("ValueError", "only one"))
        self.assertEqual(failure["traceback"].count("  File "), 1, failure["traceback"])

    def test_one_thread_means_the_main_thread(self) -> None:
        (id_,) = self.ids("test_threads", "test_main_thread")
        self.assertEqual(self.zygote.run([id_], threads=1).outcome(id_), "PASSED")
        self.assertEqual(self.zygote.run([id_], threads=2).outcome(id_), "FAILED")

    def test_modules_are_imported_once_by_the_zygote(self) -> None:
        (id_,) = self.ids("test_threads", "test_imported_by_the_zygote")
        for _ in range(2):
            self.assertEqual(self.zygote.run([id_]).outcome(id_), "PASSED")

    def test_temporary_directories_are_each_threads_own(self) -> None:
        ids = self.ids("test_threads", "test_tmp_path", "test_tmpdir")
        done = self.zygote.run(ids)
        self.assertEqual([done.outcome(id_) for id_ in ids], ["PASSED", "PASSED"], done.records)

    def test_marks_and_fixtures_limit_the_threads(self) -> None:
        ids = self.ids("test_threads", "test_capsys", "test_marked", "test_limited")
        done = self.zygote.run(ids, threads=4)
        self.assertEqual([done.threads(id_) for id_ in ids], [1, 1, 2])
        self.assertEqual({done.outcome(id_) for id_ in ids}, {"PASSED"})

    def test_the_suites_unsafe_globs_limit_the_threads(self) -> None:
        (id_,) = self.ids("test_next", "test_next")
        self.assertEqual(self.zygote.run([id_], threads=4).threads(id_), 1)

    def test_each_thread_repeats_a_test_marked_iterations(self) -> None:
        ids = self.ids("test_threads", "test_iterations", "test_iterations_were_made")
        self.assertEqual(self.zygote.run(ids, threads=3).outcome(ids[1]), "PASSED")

    def test_class_fixtures_live_from_the_first_to_the_last_test_of_the_class(self) -> None:
        ids = self.ids(
            "test_threads", "TestClass::test_one", "TestClass::test_two", "test_class_is_torn_down"
        )
        done = self.zygote.run(ids)
        self.assertEqual({done.outcome(id_) for id_ in ids}, {"PASSED"}, done.records)

    def test_a_unittest_case_has_an_instance_a_thread(self) -> None:
        names = ("own_instance", "subtests", "expected", "skipped")
        ids = self.ids("test_threads", *(f"TestCase::test_{name}" for name in names))
        done = self.zygote.run(ids)
        self.assertEqual(
            [done.outcome(id_) for id_ in ids], ["PASSED", "FAILED", "PASSED", "SKIPPED"]
        )
        self.assertEqual([f["thread"] for f in done.failures(ids[1])], [0, 1, 2])

    def test_parameters_from_a_generator_are_there_in_every_slice(self) -> None:
        for number in (2, 0, 3):
            (id_,) = self.ids("test_parameters", f"test_generator[{number}]")
            self.assertEqual(self.zygote.run([id_]).outcome(id_), "PASSED")

    def test_a_parametrized_test_is_found_by_its_id(self) -> None:
        ids = self.ids(
            "test_parameters", "test_many[5-a::b]", "test_many[98-q[1]]", "test_many[99-x]"
        )
        done = self.zygote.run(ids)
        self.assertEqual([done.outcome(id_) for id_ in ids], ["PASSED", "PASSED", "FAILED"])

    def test_what_cannot_be_collected_is_told_and_not_run(self) -> None:
        (good,) = self.ids("test_verdicts", "test_pass")
        bad = [
            "tests/test_missing.py::test_x",
            "tests/test_leaves.py::test_x",
            "tests/test_verdicts.py::test_gone",
            "tests/test_no_file.py::test_x",
        ]
        for _ in range(2):
            done = self.zygote.run([*bad, good])
            self.assertEqual(done.outcome(good), "PASSED")
            self.assertEqual({done.outcome(id_) for id_ in bad}, {"NOT_RUN"})
            told = {error["test"]: error for error in done.errors}
            self.assertEqual(set(told), set(bad))
            self.assertIn("no_such_module", told[bad[0]]["message"])
            self.assertEqual(told[bad[3]]["what"], "not-found")

    def test_a_module_skipped_at_import_is_skipped(self) -> None:
        (id_,) = self.ids("test_skipped", "test_any")
        self.assertEqual(self.zygote.run([id_]).outcome(id_), "SKIPPED")

    def test_no_test_starts_after_the_budget(self) -> None:
        ids = self.ids("test_parameters", "test_many[1-x]", "test_many[2-x]", "test_many[3-x]")
        done = self.zygote.run(ids, budget=0.0)
        self.assertEqual([done.outcome(id_) for id_ in ids], ["PASSED", "NOT_RUN", "NOT_RUN"])
        self.assertEqual(done.records[-1]["record"], "SLICE_END")

    def test_an_iteration_that_is_killed_does_not_harm_the_zygote(self) -> None:
        (id_,) = self.ids("test_processes", "test_dies")
        done = self.zygote.run([id_])
        self.assertEqual(os.WTERMSIG(done.ended["status"]), signal.SIGKILL)
        (good,) = self.ids("test_verdicts", "test_pass")
        self.assertEqual(self.zygote.run([good]).outcome(good), "PASSED")

    def test_an_iteration_has_its_own_group_and_dies_first_when_memory_is_short(self) -> None:
        ids = self.ids("test_processes", "test_group", "test_score")
        done = self.zygote.run(ids)
        self.assertEqual({done.outcome(id_) for id_ in ids}, {"PASSED"}, done.records)

    def test_processes_that_an_iteration_started_end_with_it(self) -> None:
        (id_,) = self.ids("test_processes", "test_leaves_child")
        self.zygote.run([id_], threads=1)
        pid = int(self.path("child").read_text())
        self.assertTrue(_comes_true(lambda: gone(pid)))

    def test_the_next_slice_is_collected_while_an_iteration_runs(self) -> None:
        (id_,) = self.ids("test_processes", "test_waits_for_prefetch")
        (following,) = self.ids("test_next", "test_next")
        self.zygote.start([id_])
        self.zygote.send("prefetch", tests=[following])
        self.assertEqual(self.zygote.finish([id_]).outcome(id_), "PASSED")

    def test_the_seed_decides_what_random_draws(self) -> None:
        (id_,) = self.ids("test_processes", "test_random")
        drawn = []
        for seed in (1, 1, 2):
            self.zygote.run([id_], threads=1, seed=seed)
            drawn.append(self.path("drawn").read_text())
        self.assertEqual(drawn[0], drawn[1])
        self.assertNotEqual(drawn[0], drawn[2])

    def test_nothing_is_left_when_the_runner_is_gone(self) -> None:
        zygote = Zygote("pytest", SUITE, "--target", "tests")
        self.addCleanup(zygote.close)
        zygote.receive()
        zygote.start(self.ids("test_processes", "test_waits"), threads=1)
        started = zygote.receive()
        assert started is not None and started["op"] == "started", started
        zygote.hang_up()
        self.assertTrue(_comes_true(lambda: gone(started["pid"])))

    def test_a_target_that_does_not_exist_is_one_clear_error(self) -> None:
        zygote = Zygote("pytest", {}, "--target", "no_such_package")
        self.addCleanup(zygote.close)
        error = zygote.receive()
        assert error is not None
        self.assertEqual((error["op"], error["what"]), ("error", "suite"))
        self.assertIn("no_such_package", error["message"])
        self.assertEqual(zygote.process.wait(60), 4)

    def test_the_list_has_all_tests_with_keywords_and_reasons(self) -> None:
        output = self.path("list.json")
        done = collect(
            "--driver",
            "pytest",
            "--target",
            "tests",
            "--rootdir",
            str(self.zygote.directory),
            "--output",
            str(output),
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        document = json.loads(output.read_text())
        tests = {test["id"]: test for test in document["tests"]}
        self.assertEqual((document["schema"], document["rootdir"]), (1, str(self.zygote.directory)))
        marked = tests["tests/test_threads.py::test_marked"]
        self.assertEqual(marked["file"], "tests/test_threads.py")
        self.assertEqual(marked["unsafe"], "marked thread_unsafe")
        self.assertLessEqual({"test_marked", "thread_unsafe"}, set(marked["keywords"]))
        deletes = tests["tests/test_threads.py::test_deletes_a_global"]
        self.assertEqual(deletes["unsafe"], "deletes a global of its module")
        self.assertIn("seen_by_conftest", tests["tests/test_verdicts.py::test_pass"]["keywords"])
        self.assertEqual(
            {error["file"] for error in document["errors"]},
            {"tests/test_missing.py", "tests/test_leaves.py"},
        )
        selected = collect("--select", "many and q[1] and not 98", "--input", str(output))
        self.assertEqual(len(selected.stdout.splitlines()), 99, selected.stderr)
        wrong = collect("--select", "many and", "--input", str(output))
        self.assertEqual((wrong.returncode, len(wrong.stderr.splitlines())), (4, 1))


@unittest.skipUnless(HAS_PYTEST, "pytest can't be imported: put it on PYTHONPATH")
class WithoutTests(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()

    def test_an_empty_list_says_where_tests_were_looked_for_and_what_makes_one(self) -> None:
        (self.folder / "mine").mkdir()
        config = self.folder / "pytest.ini"
        config.write_text("[pytest]\npython_files = check_*.py\n")
        output = self.folder / "list.json"
        arguments = ["--target", "mine", "--rootdir", str(self.folder), "--output", str(output)]
        done = collect("--driver", "pytest", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        where = json.loads(output.read_text())["where"]
        self.assertIn(f"pytest found none in {self.folder}/mine; ", where)
        self.assertIn("files named check_*.py with test functions", where)
        self.assertIn(f"does {config} leave them out?", where)


ONE = "def test_one(): assert True\n"


@unittest.skipUnless(HAS_PYTEST, "pytest can't be imported: put it on PYTHONPATH")
class TargetsOutside(unittest.TestCase):
    """The suite file is proj/stress/mini.ini; its targets lie elsewhere."""

    def listed_and_run(
        self, files: dict[str, str], targets: list[str], *more: str, site: str = ""
    ) -> list[str]:
        """The ids that the collector lists, each of which a zygote of the same suite runs."""
        arguments = [*more]
        for target in targets:
            arguments += ["--target", target]
        files = {**files, "proj/stress/mini.ini": ""}
        zygote = Zygote("pytest", files, *arguments, folder="proj/stress", site=site)
        self.addCleanup(zygote.close)
        hello = zygote.receive()
        assert hello is not None and hello["op"] == "hello", hello
        folder = zygote.directory / "proj/stress"
        output = zygote.directory / "list.json"
        arguments += ["--rootdir", str(folder), "--output", str(output), "--driver", "pytest"]
        site = str(zygote.directory / site) if site else ""
        done = collect(*arguments, cwd=folder, site=site)
        self.assertEqual(done.returncode, 0, done.stderr)
        document = json.loads(output.read_text())
        self.assertEqual(document["errors"], [])
        ids = [test["id"] for test in document["tests"]]
        ran = zygote.run(ids, threads=2)
        self.assertEqual({id_: ran.outcome(id_) for id_ in ids}, dict.fromkeys(ids, "PASSED"))
        for test in document["tests"]:
            self.assertEqual(test["file"], test["id"].partition("::")[0])
        return ids

    def test_a_folder_beside_the_suites_gives_ids_with_its_name(self) -> None:
        configurations: list[dict[str, str]] = [
            {},
            {"proj/pytest.ini": "[pytest]\naddopts = -ra\n"},
            {"proj/tox.ini": "[pytest]\n"},
            {"proj/setup.cfg": "[tool:pytest]\n"},
            {"proj/pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = ['tests']\n"},
            {"proj/pyproject.toml": "[project]\nname = 'x'\n", "proj/setup.py": ""},
            {"proj/tests/pytest.ini": "[pytest]\n"},
            {"proj/conftest.py": "", "proj/tests/conftest.py": "", "proj/tests/__init__.py": ""},
        ]
        for configuration in configurations:
            with self.subTest(configuration=configuration):
                files = {"proj/tests/test_a.py": ONE, **configuration}
                ids = self.listed_and_run(files, ["../tests"])
                self.assertEqual(ids, ["tests/test_a.py::test_one"])

    def test_import_modes_and_a_file_as_target_change_no_id(self) -> None:
        files = {"proj/tests/test_a.py": ONE, "proj/tests/test_b.py": ONE}
        for mode in ("prepend", "append", "importlib"):
            ids = self.listed_and_run(files, ["../tests"], f"--arg=--import-mode={mode}")
            self.assertEqual(ids, ["tests/test_a.py::test_one", "tests/test_b.py::test_one"])
        for target in ("../tests/test_a.py", "../tests/test_a.py::test_one"):
            ids = self.listed_and_run(files, [target])
            self.assertEqual(ids, ["tests/test_a.py::test_one"])

    def test_files_of_one_name_in_two_folders_are_two_tests(self) -> None:
        files = {
            "proj/a/__init__.py": "",
            "proj/a/test_x.py": ONE,
            "other/b/__init__.py": "",
            "other/b/test_x.py": ONE,
            "proj/stress/test_x.py": ONE,
        }
        targets = ["../a", "../../other/b", "test_x.py"]
        ids = self.listed_and_run(files, targets)
        expected = ["other/b", "proj/a", "proj/stress"]
        self.assertEqual(ids, [f"{folder}/test_x.py::test_one" for folder in expected])

    def test_an_installed_package_keeps_its_ids_beside_a_folder(self) -> None:
        files = {
            "site/words/__init__.py": "",
            "site/words/tests/__init__.py": "",
            "site/words/tests/test_x.py": ONE,
            "proj/tests/test_y.py": ONE,
        }
        ids = self.listed_and_run(files, ["words", "../tests"], site="site")
        self.assertEqual(ids, ["tests/test_y.py::test_one", "words/tests/test_x.py::test_one"])

    def test_two_files_of_one_name_without_packages_are_told_with_the_way_out(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        write_files(folder, {"a/test_x.py": ONE, "b/test_x.py": ONE})
        arguments = ["--driver", "pytest", "--target", "a", "--target", "b"]
        done = collect(*arguments, "--output", str(folder / "list"), cwd=folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        (error,) = json.loads((folder / "list").read_text())["errors"]
        self.assertEqual(error["file"], "b/test_x.py")
        self.assertIn("write `args = --import-mode=importlib`", error["message"])

    def test_a_file_that_is_collected_twice_and_cant_be_imported_is_one(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        write_files(folder, {"a/test_x.py": "import no_such_module", "a/test_y.py": ONE})
        arguments = ["--driver", "pytest", "--target", "a", "--arg=--doctest-modules"]
        done = collect(*arguments, "--output", str(folder / "list"), cwd=folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        (error,) = json.loads((folder / "list").read_text())["errors"]
        self.assertEqual(error["file"], "a/test_x.py")


@unittest.skipUnless(HAS_PYTEST, "pytest can't be imported: put it on PYTHONPATH")
class Arguments(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        write_files(self.folder, {"test_a.py": ONE, "test_b.py": ONE})

    def collect(self, *args: str) -> tuple[list[str], list[str]]:
        """Ids and notes."""
        arguments = ["--driver", "pytest", "--target", ".", "--output", str(self.folder / "list")]
        arguments += [f"--arg={arg}" for arg in args]
        done = collect(*arguments, cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        document = json.loads((self.folder / "list").read_text())
        return [test["id"] for test in document["tests"]], document["notes"]

    def refused(self, *args: str) -> str:
        arguments = ["--driver", "pytest", "--target", ".", "--output", str(self.folder / "list")]
        done = collect(*arguments, *(f"--arg={arg}" for arg in args), cwd=self.folder)
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (4, 1), done.stderr)
        return done.stderr

    def test_a_line_is_split_as_a_shell_would(self) -> None:
        ids, notes = self.collect("-k 'test_b or nothing' -rA", "--deselect=no")
        self.assertEqual((ids, notes), (["test_b.py::test_one"], []))
        self.assertIn("args: -k 'open: No closing quotation", self.refused("-k 'open"))

    def test_arguments_of_the_suites_that_ship_are_understood(self) -> None:
        for suite in (Path(__file__).parents[2] / "stress/suites").glob("*.ini"):
            parsed = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=";")
            parsed.read(suite)
            if parsed["suite"]["driver"] == "pytest":
                ids, _ = self.collect(*parsed["suite"].get("args", "").strip().splitlines())
                self.assertEqual(len(ids), 2, suite)

    def test_options_for_threads_processes_and_coverage_are_left_out_with_a_note(self) -> None:
        ids, notes = self.collect("-n 2 --dist=load --parallel-threads 4 -k test_a", "--cov --lf")
        self.assertEqual(ids, ["test_a.py::test_one"])
        self.assertEqual(
            notes,
            [
                "pytest runs without -n 2, --dist=load, --parallel-threads 4: "
                "threads and processes are ftstress's",
                "pytest runs without --cov: coverage is not measured",
                "pytest runs without --lf: results of other runs are not looked at",
            ],
        )
        self.assertEqual(self.collect("-nauto")[1][0].partition(":")[0][-6:], "-nauto")

    def test_those_of_the_packages_own_configuration_are_left_out_as_well(self) -> None:
        config = self.folder / "pytest.ini"
        config.write_text(
            "[pytest]\naddopts =\n  --numprocesses=auto\n  -p pytest_cov --cov=words\n"
            "  --iterations=3 --reruns 2 --strict-config\nfaulthandler_timeout = 30\n"
            "cache_dir = .cache\n"
        )
        ids, notes = self.collect("-k test_b")
        self.assertEqual(ids, ["test_b.py::test_one"])
        told = " ".join(notes)
        for option in ("--numprocesses=auto", "--cov=words", "--iterations=3", "--reruns 2"):
            self.assertIn(option, told)

    def test_a_warning_that_a_module_switches_the_gil_on_is_no_error(self) -> None:
        (self.folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
        said = "The global interpreter lock (GIL) has been enabled to load module 'm'"
        warns = f"import warnings\nwarnings.warn({said!r}, RuntimeWarning)\n"
        write_files(self.folder, {"conftest.py": warns})
        self.assertIn("test_b.py::test_one", self.collect()[0])

    def test_a_file_that_fails_does_not_keep_the_others_from_being_found(self) -> None:
        write_files(self.folder, {"test_a0.py": "raise ValueError\n"})
        for options in ("-x", "-vxs", "--maxfail=1", "--exitfirst"):
            (self.folder / "pytest.ini").write_text(f"[pytest]\naddopts = {options}\n")
            ids, notes = self.collect()
            self.assertIn("test_b.py::test_one", ids)
            self.assertIn("a test that fails is a finding", " ".join(notes))

    def test_modules_that_are_not_there_are_listed_at_one_go(self) -> None:
        files = {"test_c.py": "import no_such.module\n", "test_d.py": "from nor_this import x\n"}
        write_files(self.folder, files)
        self.assertEqual(
            self.collect()[1],
            [
                "modules that tests import and that are not there: no_such, nor_this; add what "
                "has them to the suite's `require`"
            ],
        )

    def test_what_pytest_refuses_is_told_in_its_own_words(self) -> None:
        told = self.refused("--no-such-option=1")
        self.assertIn("error: unrecognized arguments: --no-such-option=1", told)
        self.assertIn("what to do: if they are a plugin's, add it to the suite's `require`", told)
        (self.folder / "pytest.ini").write_text("[pytest]\naddopts = --benchmark-skip\n")
        told = self.refused()
        self.assertIn("unrecognized arguments: --benchmark-skip; inifile: ", told)
        self.assertIn(str(self.folder / "pytest.ini"), told)


def _comes_true(condition: Callable[[], bool]) -> bool:
    """Polls what nothing announces: the end of a process that is not our child."""
    deadline = time.monotonic() + 30
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True
