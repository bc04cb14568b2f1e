"""What --share makes of a test module's code (stress/ftstress_driver/sharing.py)."""

import ast
import asyncio
import builtins
import tempfile
import threading
import traceback
import unittest
from pathlib import Path
from typing import Any

from ftstress_driver import sharing

SOURCE = """
import math

TOP = dict(a=1)

def decorate(f):
    return f

@decorate
def works(values, start=int("1")):
    made = list(values)
    made.append(start)
    return [str(x) for x in made]

class Base:
    def name(self):
        return "base"

class Case(Base):
    LEVEL = int("3")

    def name(self):
        return super().name() + str(self.LEVEL)

async def later():
    return int("5")

async def waits():
    return await later()

def fails():
    return math.sqrt("x")
"""


def names(path: str = "/tests/test_x.py") -> dict[str, Any]:
    code = compile(sharing.rewrite(ast.parse(SOURCE, path), path), path, "exec")
    variables: dict[str, Any] = {"__name__": "test_x"}
    exec(code, variables)
    return variables


class SharingTest(unittest.TestCase):
    def setUp(self) -> None:
        self.seen: list[tuple[int, object]] = []

        def share(site: int, value: object) -> object:
            self.seen.append((site, value))
            return value

        setattr(builtins, sharing.FUNCTION, share)

    def tearDown(self) -> None:
        delattr(builtins, sharing.FUNCTION)

    def test_what_calls_in_functions_give_is_handed_over(self) -> None:
        self.assertEqual(names()["works"]("ab"), ["a", "b", "1"])
        values = [value for _, value in self.seen]
        self.assertEqual(values, [["a", "b", 1], None, "a", "b", "1"])

    def test_what_a_module_or_a_class_makes_is_left_alone(self) -> None:
        names()
        self.assertEqual(self.seen, [])

    def test_super_and_await_go_on_working(self) -> None:
        variables = names()
        self.assertEqual(variables["Case"]().name(), "base3")
        self.assertEqual(asyncio.run(variables["waits"]()), 5)

    def test_a_traceback_names_the_line_of_the_call(self) -> None:
        last = None
        try:
            names()["fails"]()
        except TypeError as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
        assert last is not None
        self.assertEqual(SOURCE.splitlines()[(last.lineno or 0) - 1], '    return math.sqrt("x")')

    def test_a_site_is_the_same_in_all_processes_and_another_in_each_file(self) -> None:
        names()["works"]("a")
        first = [site for site, _ in self.seen]
        self.seen.clear()
        names()["works"]("a")
        self.assertEqual([site for site, _ in self.seen], first)
        self.seen.clear()
        names("/tests/test_y.py")["works"]("a")
        self.assertFalse(set(first) & {site for site, _ in self.seen})

    def test_compiled_code_is_kept_and_made_anew_for_another_source(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "test_z.py"
            path.write_text("def f():\n    return len('abc')\n")
            sharing._code_of(path.read_bytes(), str(path))
            kept = list((Path(folder) / "__pycache__").iterdir())
            self.assertEqual([sharing.TAG in file.name for file in kept], [True])
            kept[0].write_bytes(kept[0].read_bytes()[:30])  # cut off by a full disk
            variables: dict[str, Any] = {}
            exec(sharing._code_of(path.read_bytes(), str(path)), variables)
            self.assertEqual(variables["f"](), 3)
            path.write_text("def f():\n    return len('ab')\n")
            exec(sharing._code_of(path.read_bytes(), str(path)), variables)
            self.assertEqual(variables["f"](), 2)

    def test_locks_are_never_shared(self) -> None:
        self.assertTrue(sharing._is_lock(type(threading.Lock())))
        self.assertFalse(sharing._is_lock(list))
