"""Which code is looked at for races on Python variables: ftstress_driver/python_races.py."""

import json
import os
import sysconfig
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from ftstress_driver import python_races


class Scope(unittest.TestCase):
    """The list of paths, the longest of which counts."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()
        self.site = self.root / "site"
        self._install("pkg", ["pkg/__init__.py", "single.py"], {"url": "file:///pkg.whl"})
        self._install("required", ["required/__init__.py"], None)
        (self.root / "src" / "mine").mkdir(parents=True)
        (self.root / "tests").mkdir()
        (self.root / "tests" / "test_a.py").write_text("")
        path = os.pathsep.join([str(self.root / "src"), str(self.site)])
        patched = mock.patch.dict(os.environ, {"PYTHONPATH": path})
        patched.start()
        self.addCleanup(patched.stop)

    def _install(self, name: str, files: list[str], origin: dict[str, str] | None) -> None:
        info = self.site / f"{name}-1.dist-info"
        info.mkdir(parents=True)
        for file in files:
            (self.site / file).parent.mkdir(exist_ok=True)
            (self.site / file).write_text("")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))
        if origin is not None:
            (info / "direct_url.json").write_text(json.dumps(origin))

    def _letter(self, wanted: list[str], file: Path) -> str:
        lines = python_races.scope(wanted, self.root, ["tests/test_*.py"])
        fitting = [line for line in lines if str(file).startswith(line[2:])]
        return max(fitting, key=len)[0] if fitting else "X"

    def test_the_package_is_what_was_built_and_what_lies_on_the_suites_path(self) -> None:
        for file in ("site/pkg/a.py", "site/single.py", "src/mine/a.py"):
            self.assertEqual(self._letter(["package"], self.root / file), "M", file)
            self.assertEqual(self._letter(["tests"], self.root / file), "X", file)

    def test_requirements_are_not_the_package(self) -> None:
        self.assertEqual(self._letter(["package"], self.site / "required" / "a.py"), "X")

    def test_tests_are_where_the_targets_lie(self) -> None:
        self.assertEqual(self._letter(["tests"], self.root / "tests" / "test_a.py"), "M")
        self.assertEqual(self._letter(["package"], self.root / "tests" / "test_a.py"), "X")

    def test_the_driver_is_never_looked_at(self) -> None:
        own = Path(python_races.__file__).resolve()
        self.assertEqual(self._letter(["package", "tests", "stdlib"], own), "X")

    def test_what_makes_threads_wait_orders_them(self) -> None:
        library = Path(sysconfig.get_path("stdlib"))
        for wanted in (["package"], ["stdlib"]):
            self.assertEqual(self._letter(wanted, library / "threading.py"), "S")
            self.assertEqual(self._letter(wanted, library / "concurrent/futures/thread.py"), "S")
        self.assertEqual(self._letter(["package"], library / "weakref.py"), "W")
        self.assertEqual(self._letter(["stdlib"], library / "weakref.py"), "S")

    def test_tests_of_cpython_itself_are_tests(self) -> None:
        library = Path(sysconfig.get_path("stdlib"))
        for file, letter in (
            ("test/test_queue.py", "M"),
            ("test/test_asyncio/utils.py", "M"),
            ("test/support/__init__.py", "X"),
            ("test/test_bool.py", "X"),
            ("queue.py", "S"),
            ("bisect.py", "X"),
        ):
            lines = python_races.scope(
                ["tests"], self.root, ["test.test_queue", "test.test_asyncio"]
            )
            fitting = [line for line in lines if str(library / file).startswith(line[2:])]
            self.assertEqual(max(fitting, key=len)[0], letter, file)

    def test_the_standard_library_only_if_asked_for(self) -> None:
        module = Path(sysconfig.get_path("stdlib")) / "textwrap.py"
        self.assertEqual(self._letter(["package", "tests"], module), "X")
        self.assertEqual(self._letter(["stdlib"], module), "M")
