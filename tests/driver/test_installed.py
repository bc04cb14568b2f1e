"""Tests beside the sources of a package: the sources must not be imported for the build."""

import importlib.util
import json
import os
import subprocess
import tempfile
import unittest
from collections.abc import Sequence
from pathlib import Path

from harness import collect, write_files

INSTALLED = {
    "site/words/__init__.py": "from words._fast import count\n",
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
        more: Sequence[str] = (),
    ) -> "subprocess.CompletedProcess[str]":
        self.src = self.folder / "src"
        write_files(self.folder, {**INSTALLED, **TESTS, **files})
        arguments = ["--driver", driver, "--target", target, "--output", str(self.folder / "list")]
        arguments += more
        if driver == "pytest":
            arguments += ["--rootdir", str(self.folder)]
        site = [str(self.folder / folder) for folder in (path, "site") if folder]
        return collect(*arguments, cwd=self.folder / cwd, site=os.pathsep.join(site))

    def assert_told(self, done: "subprocess.CompletedProcess[str]", cause: str) -> None:
        self.assertEqual(done.returncode, 4, done.stderr)
        told = done.stderr.splitlines()[-1]
        self.assertIn(f"words is imported from {self.src}/words, not from what", told)
        self.assertIn(f"what to do: {cause}", told)


class Installed(Collected):
    def test_sources_in_the_folder_of_the_suite_file_are_told(self) -> None:
        for files in (UNBUILT, BUILT_IN_PLACE):
            with self.subTest(files=files):
                done = self.collect("unittest", "tests.test_words", files, cwd="src")
                self.assert_told(done, f"put the suite file into another folder than {self.src},")

    def test_sources_in_the_path_of_the_suite_are_told(self) -> None:
        done = self.collect("unittest", "tests.test_words", BUILT_IN_PLACE, path="src")
        self.assert_told(done, f"take {self.src} out of the suite's `path`")

    def test_tests_that_find_the_build_are_fine(self) -> None:
        done = self.collect("unittest", "tests.test_words", {}, cwd="src")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_package_without_compiled_files_may_be_used_where_it_lies(self) -> None:
        record = {"site/words-1.0.dist-info/RECORD": "words/__init__.py,,\n"}
        files = {**BUILT_IN_PLACE, **record}
        done = self.collect("unittest", "tests.test_words", files, cwd="src")
        self.assertEqual(done.returncode, 0, done.stderr)


@unittest.skipUnless(
    importlib.util.find_spec("pytest"), "pytest can't be imported: put it on PYTHONPATH"
)
class InstalledWithPytest(Collected):
    def test_sources_beside_the_tests_are_told(self) -> None:
        for files in (UNBUILT, BUILT_IN_PLACE):
            with self.subTest(files=files):
                done = self.collect("pytest", "src/tests", files)
                self.assert_told(done, "add `args = --import-mode=append` to the suite file")

    def test_sources_that_the_conftest_imports_are_told(self) -> None:
        files = {**UNBUILT, "src/tests/conftest.py": "import words\n"}
        done = self.collect("pytest", "src/tests", files)
        self.assert_told(done, "add `args = --import-mode=append` to the suite file")

    def test_the_build_is_found_when_pytest_appends_the_folder_of_the_sources(self) -> None:
        done = self.collect("pytest", "src/tests", UNBUILT, more=["--arg=--import-mode=append"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads((self.folder / "list").read_text())["errors"], [])

    def test_tests_in_the_sources_of_the_package_are_told(self) -> None:
        inside = {name.replace("tests", "words/tests"): text for name, text in TESTS.items()}
        done = self.collect("pytest", "src/words", {**UNBUILT, **inside})
        self.assert_told(done, "if the tests are installed with the package, say `target = words`")

    def test_tests_alone_are_fine(self) -> None:
        done = self.collect("pytest", "src/tests", {})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads((self.folder / "list").read_text())["errors"], [])
