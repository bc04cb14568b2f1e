"""Tests beside the sources of a package: what was built is imported, not the sources."""

import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from collections.abc import Sequence
from pathlib import Path

from harness import collect, write_files

INSTALLED = {
    "site/words/__init__.py": "from words._fast import count\nBUILT = True\n",
    "site/words/_fast.py": "def count(): pass\n",
    "site/words/_faster.so": "",
    "site/words-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: words\nVersion: 1.0\n",
    "site/words-1.0.dist-info/RECORD": "words/__init__.py,,\nwords/_faster.so,,\nx.libs/x.so,,\n",
}
TESTS = {
    "src/tests/__init__.py": "",
    "src/tests/test_words.py": """
        import unittest
        import words
        assert words.BUILT
        class Words(unittest.TestCase):
            def test_count(self): words.count()
        """,
}
UNBUILT = {"src/words/__init__.py": "from words._fast import count\n"}
BUILT_IN_PLACE = {"src/words/__init__.py": "def count(): pass\n"}


class Collected(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()

    def collect(
        self,
        driver: str,
        target: str,
        files: dict[str, str],
        *,
        cwd: str = "",
        path: str = "",
        rootdir: str = "",
        more: Sequence[str] = (),
    ) -> "subprocess.CompletedProcess[str]":
        self.src = self.folder / "src"
        write_files(self.folder, {**INSTALLED, **TESTS, **files})
        arguments = ["--driver", driver, "--target", target, "--output", str(self.folder / "list")]
        arguments += more
        if driver == "pytest":
            arguments += ["--rootdir", str(self.folder / rootdir)]
        site = [str(self.folder / folder) for folder in (path, "site") if folder]
        return collect(*arguments, cwd=self.folder / cwd, site=os.pathsep.join(site))

    def assert_built(self, done: "subprocess.CompletedProcess[str]") -> None:
        """The tests were imported, and with them what was built."""
        self.assertEqual(done.returncode, 0, done.stderr)
        document = json.loads((self.folder / "list").read_text())
        self.assertEqual((document["errors"], len(document["tests"])), ([], 1))


class Installed(Collected):
    def test_sources_in_the_folder_of_the_suite_file_are_not_imported(self) -> None:
        for files in (UNBUILT, BUILT_IN_PLACE):
            done = self.collect("unittest", "tests.test_words", files, cwd="src")
            self.assert_built(done)

    def test_sources_in_the_path_of_the_suite_are_not_imported(self) -> None:
        done = self.collect("unittest", "tests.test_words", BUILT_IN_PLACE, path="src")
        self.assert_built(done)

    def test_what_imports_the_sources_all_the_same_is_told(self) -> None:
        loads = """
            import importlib.util, pathlib, sys
            file = pathlib.Path(__file__).parents[1] / "words/__init__.py"
            spec = importlib.util.spec_from_file_location("words", file)
            sys.modules["words"] = importlib.util.module_from_spec(spec)
            """
        files = {**BUILT_IN_PLACE, "src/tests/test_words.py": loads}
        done = self.collect("unittest", "tests.test_words", files, cwd="src")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn(f"words is imported from {self.src}/words", done.stderr)

    def test_parts_of_a_namespace_are_found_in_all_its_folders(self) -> None:
        namespace = {"src/words/more.py": "MORE = True\n"}
        tests = {"src/tests/test_words.py": "import unittest, words.more, words._faster2\n"}
        done = self.collect("unittest", "tests.test_words", {**namespace, **tests}, cwd="src")
        (self.folder / "site/words/__init__.py").unlink()
        (self.folder / "site/words/_faster2.py").touch()
        shutil.rmtree(self.folder / "site/words/__pycache__", ignore_errors=True)
        arguments = ["--driver", "unittest", "--target", "tests.test_words"]
        arguments += ["--output", str(self.folder / "list")]
        done = collect(*arguments, cwd=self.src, site=str(self.folder / "site"))
        self.assertEqual(json.loads((self.folder / "list").read_text())["errors"], [], done.stderr)

    def test_tests_that_find_the_build_are_fine(self) -> None:
        done = self.collect("unittest", "tests.test_words", {}, cwd="src")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_package_without_compiled_files_may_be_used_where_it_lies(self) -> None:
        record = {"site/words-1.0.dist-info/RECORD": "words/__init__.py,,\n"}
        files = {"src/words/__init__.py": "BUILT = 1\ndef count(): pass\n", **record}
        done = self.collect("unittest", "tests.test_words", files, cwd="src")
        self.assertEqual(done.returncode, 0, done.stderr)


@unittest.skipUnless(
    importlib.util.find_spec("pytest"), "pytest can't be imported: put it on PYTHONPATH"
)
class InstalledWithPytest(Collected):
    def test_sources_beside_the_tests_are_not_imported(self) -> None:
        for files in (UNBUILT, BUILT_IN_PLACE):
            for more in ([], ["--arg=--import-mode=append"], ["--arg=--import-mode=importlib"]):
                self.assert_built(self.collect("pytest", "src/tests", files, more=more))

    def test_sources_that_the_package_puts_on_the_path_are_not_imported(self) -> None:
        config = {"src/pytest.ini": "[pytest]\npythonpath = .\n"}
        conftest = """
            import sys, pathlib
            sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
            import words
            """
        for files in (config, {"src/tests/conftest.py": conftest}):
            self.assert_built(self.collect("pytest", "src/tests", {**BUILT_IN_PLACE, **files}))

    def test_what_a_conftest_needs_is_told_in_one_line(self) -> None:
        for source, why, missing in (
            ("import gone", "ModuleNotFoundError: No module named 'gone'", True),
            ("raise ValueError('no')", "ValueError: no", False),
        ):
            files = {**UNBUILT, "src/tests/conftest.py": source}
            done = self.collect("pytest", "src/tests", files)
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertIn(f"pytest: {self.src}/tests/conftest.py: {why}", done.stderr)
            self.assertEqual("added to `require`" in done.stderr, missing)

    def test_tests_in_the_sources_of_the_package_are_told(self) -> None:
        inside = {name.replace("tests", "words/tests"): text for name, text in TESTS.items()}
        done = self.collect("pytest", "src/words", {**UNBUILT, **inside})
        self.assertEqual(done.returncode, 4, done.stderr)
        told = done.stderr.splitlines()[-1]
        self.assertIn(f"the tests in {self.src}/words are modules of words in its sources", told)
        self.assertIn("if the tests are installed with the package, say `target = words`", told)

    def test_tests_in_the_sources_that_are_not_installed_are_the_built_package_s(self) -> None:
        inside = {name.replace("tests", "words/sub/tests"): text for name, text in TESTS.items()}
        inside |= {"src/words/sub/__init__.py": "UNBUILT = True\n"}
        inside |= {"src/words/sub/tests/helper.py": "", "src/words/_left.py": "", **UNBUILT}
        inside["src/words/sub/tests/test_words.py"] += """
        from words.sub.tests import helper
        from .helper import __name__ as name
        assert name == "words.sub.tests.helper"
        try:
            import words._left
        except ImportError:
            pass
        else:
            raise AssertionError("not built")
        """
        self.assert_built(self.collect("pytest", "src/words/sub/tests", inside))
        self.assert_built(self.collect("pytest", "src/words/sub/tests/test_words.py", inside))

    def test_tests_that_are_installed_too_are_those_that_are_meant(self) -> None:
        inside = {name.replace("tests", "words/tests"): text for name, text in TESTS.items()}
        inside |= {"site/words/tests/__init__.py": ""}
        done = self.collect("pytest", "src/words/tests", {**UNBUILT, **inside})
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("say `target = words`", done.stderr.splitlines()[-1])

    def test_a_built_package_is_meant_though_its_sources_lie_beside_the_suite_file(self) -> None:
        inside = {name.replace("src/tests", "site/words/tests"): TESTS[name] for name in TESTS}
        done = self.collect("pytest", "words", {**UNBUILT, **inside}, cwd="src", rootdir="src")
        self.assert_built(done)
        tests = json.loads((self.folder / "list").read_text())["tests"]
        self.assertEqual(tests[0]["file"], "words/tests/test_words.py")
