"""`ftstress try`: a suite file is made of what a package's source says of its tests."""

import importlib
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path
from typing import Any

from harness import write_files

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "stress" / "toolchain"))
main = importlib.import_module("trying.__main__")
collecting = importlib.import_module("trying.collect")
needs = importlib.import_module("trying.needs")
sources = importlib.import_module("trying.source")

METADATA = """Metadata-Version: 2.1
Name: Words.Fast
Version: 1.2
Requires-Dist: numpy
Requires-Dist: hypothesis; extra == "test"
Requires-Dist: only-before; python_version < "3" and extra == "test"
Requires-Dist: words-fast[more]; extra == "test"
Requires-Dist: sphinx-theme; extra == "docs"
"""


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()

    def source(self, files: dict[str, str]) -> Any:
        write_files(self.folder / "src", files)
        return sources.read_source(self.folder / "src")

    def requires(self, files: dict[str, str]) -> list[str]:
        return [str(requirement) for requirement in self.source(files).requires]


class Requirements(Folder):
    def test_the_extras_for_tests_in_an_sdist_are_its_requirements(self) -> None:
        source = self.source({"PKG-INFO": METADATA})
        self.assertEqual((source.name, source.version), ("Words.Fast", "1.2"))
        self.assertEqual([str(r) for r in source.requires], ["hypothesis"])

    def test_groups_that_include_others_even_in_a_circle_are_followed(self) -> None:
        text = """
            [dependency-groups]
            test = ["a", {include-group = "More_Tests"}]
            more-tests = ["b>=2", {include-group = "test"}]
            docs = ["c"]
            """
        self.assertEqual(self.requires({"pyproject.toml": text}), ["a", "b>=2"])

    def test_each_place_where_packages_write_them_is_read(self) -> None:
        for name, text in (
            ("pyproject.toml", '[project.optional-dependencies]\ntesting = ["a"]\ndocs = ["b"]'),
            ("pyproject.toml", '[tool.cibuildwheel]\ntest-requires = "a"'),
            ("pyproject.toml", '[tool.hatch.envs.test]\ndependencies = ["a"]'),
            ("pyproject.toml", '[tool.poetry.group.test.dependencies]\na = "*"'),
            ("setup.cfg", "[options.extras_require]\ntests =\n  a\ndocs = b"),
            ("setup.cfg", "[options]\ntests_require =\n  a"),
            ("setup.py", "T = ['a']\nsetup(name='w', extras_require={'test': T, 'docs': ['b']})"),
            ("setup.py", "T = []\nsetup(extras_require={'test': T + ['a'], **more(), 'x': x()})"),
            ("setup.py", "import setuptools\nsetuptools.setup(tests_require=['a'])"),
            ("tox.ini", "[testenv]\ndeps =\n  a\n[testenv:docs]\ndeps = b"),
            ("tox.ini", "[testenv]\ndeps =\n  -r{toxinidir}/more.in\n  docs: b"),
            ("requirements/test.txt", "a # why\n-c limits.txt\n"),
            ("test-requirements.txt", "-r more.in\n"),
        ):
            with self.subTest(name, text=text), tempfile.TemporaryDirectory() as folder:
                write_files(Path(folder), {name: text, "more.in": "a\n"})
                found = sources.read_source(Path(folder)).requires
                self.assertEqual([str(requirement) for requirement in found], ["a"])

    def test_what_cannot_be_read_says_nothing(self) -> None:
        broken = {"pyproject.toml": "[", "setup.cfg": "a", "setup.py": "def", "tox.ini": "[[["}
        self.assertEqual(self.requires(broken), [])
        computed = "setup(name=name(), tests_require=read('tests.txt'), extras_require=extras())"
        self.assertEqual(self.requires({"setup.py": computed}), [])

    def test_linters_and_what_runs_tests_in_parallel_wait_until_a_test_imports_them(self) -> None:
        text = "mypy\npytest-xdist\npytest-mock\nnumpy\n"
        source = self.source({"requirements/test.txt": text})
        first, later = needs.needed(source)
        self.assertEqual([str(r) for r in first], ["pytest", "pytest-mock", "numpy"])
        self.assertEqual([str(r) for r in later], ["mypy", "pytest-xdist"])
        self.assertEqual(needs.requirement_for("mypy.api", later), "mypy")
        self.assertEqual(needs.requirement_for("yaml", later), "PyYAML")

    def test_a_module_that_nobody_names_is_never_installed_by_its_name(self) -> None:
        self.assertIsNone(needs.requirement_for("secret_helpers", []))


class Places(Folder):
    def places(self, *files: str, **settings: str) -> list[str]:
        texts = {name.replace("_", "."): text for name, text in settings.items()}
        places: list[str] = self.source({**dict.fromkeys(files, ""), **texts}).places
        return places

    def test_the_package_s_own_settings_come_first(self) -> None:
        config = '[tool.pytest.ini_options]\ntestpaths = ["checks", "gone"]'
        files = ("tests/test_a.py", "checks/test_b.py")
        self.assertEqual(self.places(*files, pyproject_toml=config), ["checks"])

    def test_what_the_wheel_is_tested_with_counts_too(self) -> None:
        config = '[tool.cibuildwheel]\ntest-command = "pytest -q {project}/checks --tb=short"'
        self.assertEqual(self.places("checks/test_b.py", pyproject_toml=config), ["checks"])

    def test_of_folders_with_usual_names_the_outer_ones_are_taken(self) -> None:
        files = ("src/w/tests/sub/tests/test_a.py", "test/test_b.py", "tests/data.py")
        self.assertEqual(self.places(*files), ["test", "src/w/tests"])

    def test_others_packages_that_are_brought_along_are_not_this_one_s(self) -> None:
        files = ("vendor/zlib/tests/test_a.py", ".tox/tests/test_c.py", "w/tests/test_b.py")
        self.assertEqual(self.places(*files), ["w/tests"])

    def test_files_without_a_folder_are_found(self) -> None:
        self.assertEqual(self.places("test_a.py", "w.py"), ["test_a.py"])


class Targets(Folder):
    def targets(self, installed: list[str], source: dict[str, str]) -> Any:
        record = "".join(f"{name},,\n" for name in installed)
        dist = "site/w-1.dist-info/"
        files = {dist + "METADATA": "Metadata-Version: 2.1\nName: w\nVersion: 1\n"}
        write_files(self.folder, files | dict.fromkeys([f"site/{n}" for n in installed], ""))
        write_files(self.folder, {dist + "RECORD": record})
        read = self.source({"setup.cfg": "[metadata]\nname = w\n", **source})
        return main.choose_targets(read, str(self.folder / "site"), self.folder)

    def test_tests_that_are_installed_are_named_as_modules(self) -> None:
        files = ["w/__init__.py", "w/tests/__init__.py", "w/tests/test_a.py"]
        self.assertEqual(self.targets(files, {}), [["w.tests"]])

    def test_more_tests_beside_the_package_are_tried_first(self) -> None:
        files = ["w/__init__.py", "w/test_a.py"]
        self.assertEqual(
            self.targets(files, {"tests/test_a.py": "", "tests/test_b.py": ""}),
            [["src/tests"], ["w"]],
        )

    def test_no_tests_anywhere_are_no_targets(self) -> None:
        self.assertEqual(self.targets(["w/__init__.py"], {}), [])


class Attempts(Folder):
    """With stand-ins for ftstress and the toolchain."""

    def attempt(self, prepare: str, ftstress: str) -> tuple[Any, Any]:
        files = {"prepare": prepare, "ftstress": ftstress}
        for name, script in files.items():
            path = self.folder / name
            path.write_text("#!/bin/sh\n" + textwrap.dedent(script))
            path.chmod(0o755)
        (self.folder / "site").mkdir()
        source = self.source({"tests/test_a.py": "", "requirements/test.txt": "mypy\nheavy\n"})
        tools = collecting.Tools(str(self.folder / "ftstress"), str(self.folder / "prepare"))
        attempt = main.Attempt(tools, source, "w==1", self.folder / "w.ini")
        return attempt, attempt.run

    PREPARE = """echo '{"plain_site": ["site"]}'"""
    MISSING = "modules that tests import and that are not there: mypy, unheard_of; add"

    def test_what_tests_miss_is_added_if_the_package_names_it(self) -> None:
        attempt, run = self.attempt(
            self.PREPARE,
            f"""
            grep -q mypy w.ini || echo "ftstress: {self.MISSING} them" >&2
            echo src/tests/test_a.py::test_one
            """,
        )
        self.assertEqual(run().tests, ["src/tests/test_a.py::test_one"])
        text = (self.folder / "w.ini").read_text()
        self.assertIn("require =\n\tpytest\n\theavy\n\tmypy\n", text)
        self.assertIn("target = src/tests\ninstall = w==1\n", text)
        self.assertNotIn("unheard_of", text)
        self.assertEqual(attempt.draft.notes, [])

    def test_what_cannot_be_installed_together_is_done_without(self) -> None:
        attempt, run = self.attempt(
            f"""case "$*" in *heavy*) echo no such thing >&2; exit 1;; esac; {self.PREPARE}""",
            "echo src/tests/test_a.py::test_one",
        )
        self.assertEqual(len(run().tests), 1)
        self.assertEqual(len(attempt.draft.notes), 1)
        text = (self.folder / "w.ini").read_text()
        self.assertNotIn("heavy", text)
        self.assertIn(f"; {attempt.draft.notes[0]}\n", text)

    def test_where_nothing_can_be_installed_the_stage_and_its_words_are_told(self) -> None:
        _, run = self.attempt("echo broken >&2; exit 1", "")
        with self.assertRaises(collecting.StageError) as raised:
            run()
        self.assertEqual((raised.exception.stage, raised.exception.said), ("install", "broken"))

    def test_where_no_test_is_found_what_was_said_is_told(self) -> None:
        _, run = self.attempt(self.PREPARE, "echo conftest broken >&2; exit 4")
        with self.assertRaises(collecting.StageError) as raised:
            run()
        self.assertEqual(raised.exception.stage, "collect")
        self.assertEqual(raised.exception.said, "conftest broken")
        self.assertTrue((self.folder / "w.ini").exists())
