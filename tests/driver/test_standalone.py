"""The script that shows a finding without ftstress."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from ftstress_driver import standalone

SCRIPT = '''\
"""What it is for."""
from __future__ import annotations
import os; seen = []
THREADS = 7
TEXT = """one

two"""
def unused():
    pass

def gate(thread: Nowhere):

    seen.append(thread)
def threads():
    return sorted(seen)
def stress(thread):
    gate(thread)
def check():
    print(threads(), len(TEXT.splitlines()), "unused" in globals(), THREADS)
'''


class StandaloneTest(unittest.TestCase):
    def setUp(self) -> None:
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = Path(made.name)

    def run_script(self, test: str) -> str:
        driver = "script" if "::" not in test else "pytest"
        command = [sys.executable, "-m", "ftstress_driver.standalone", "--driver", driver]
        command += ["--folder", str(self.folder), "--id", "x-1", "--title", "x", "--threads", "3"]
        root = Path(standalone.__file__).parents[1]
        subprocess.run(
            [*command, test, "made.py"],
            cwd=self.folder,
            check=True,
            env={"PYTHONPATH": str(root)},
            capture_output=True,
        )
        made = subprocess.run(
            [sys.executable, "made.py", "once"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        return made.stdout + made.stderr

    def test_a_script_runs_as_it_is_written_whatever_its_names_are(self) -> None:
        (self.folder / "t.py").write_text(SCRIPT, encoding="utf-8")
        self.assertEqual(self.run_script("t.py"), "[0, 1, 2] 3 False 7\n")

    def test_a_function_of_tests_runs_in_each_thread(self) -> None:
        text = "def test_a():\n    print('ran\\n', end='')\n"
        (self.folder / "test_t.py").write_text(text, encoding="utf-8")
        self.assertEqual(self.run_script("test_t.py::test_a"), "ran\n" * 3)


if __name__ == "__main__":
    unittest.main()
