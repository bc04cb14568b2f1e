"""Classes in Python in the corpus of --pairs: which are looked at, and what is called."""

import sys
import tempfile
import threading
import types
import unittest
from collections import Counter, UserDict, deque
from pathlib import Path
from typing import Any

from ftstress_driver.pairs import (
    corpus,
    harvest,
    in_python,
    record,
    sequences,
    survey,
    types_of,
)

SOURCE = """
import abc, enum, functools, socketserver, threading

class Plain:
    def __init__(self, size=3):
        self.size = size
        self._kept = {}

    def add(self, by):
        self.size += by

    def merge(self, other):
        self.size += other.size

    def drop(self, keys):
        for key in keys:
            self._kept.pop(key, None)

    def _hidden(self):
        return 1

    def walk(self):
        yield from list(self._kept)

    async def later(self):
        return 1

    @classmethod
    def make(cls):
        return cls()

    @staticmethod
    def help():
        return 1

    @property
    def half(self):
        return self.size / 2

    @half.setter
    def half(self, value):
        self.size = value * 2

    @functools.cached_property
    def words(self):
        return ["a"]

    def __len__(self):
        return 3

    def __iter__(self):
        return iter((1, 2))

    def begin(self):
        thread = threading.Thread(target=threading.Event().wait, args=(5,), daemon=True)
        thread.start()

class Box:
    def __init__(self):
        self._kept = {}

    def __setitem__(self, key, value):
        self._kept[key] = value

    def __delitem__(self, key):
        del self._kept[key]

    def __len__(self):
        return len(self._kept)

    def __iter__(self):
        return iter(list(self._kept))

class _Private: pass
class Wrong(Exception): pass
class Kind(enum.Enum):
    ONE = 1
class Runs(threading.Thread): pass
class Word(str): pass
class Half(abc.ABC):
    @abc.abstractmethod
    def add(self): ...
class Lock:
    def acquire(self): ...
    def release(self): ...
class Meta(type): pass
class Serves(socketserver.BaseServer):
    def own(self): ...
Made = type("Made", (Plain,), {})
"""
NAME = "ftstress_sample"


def sample() -> types.ModuleType:
    """A package whose only module is this one."""
    module = types.ModuleType(NAME)
    exec(compile(SOURCE, f"/{NAME}.py", "exec"), module.__dict__)
    sys.modules[NAME] = module
    return module


class Classes(unittest.TestCase):
    def setUp(self) -> None:
        self.module: Any = sample()
        self.addCleanup(sys.modules.pop, NAME)
        self.wanted = types_of.Wanted((), [NAME])

    def test_looked_at_is_what_threads_may_share(self) -> None:
        found = [name for name, kind in vars(self.module).items() if isinstance(kind, type)]
        fit = [name for name in found if self.wanted.judge(getattr(self.module, name))]
        self.assertEqual(fit, ["Plain", "Box", "Serves", "Made"])
        self.assertEqual(self.wanted.type_of(self.module.Plain()), f"{NAME}.Plain")
        self.assertIn(self.module.Plain, list(self.wanted.all_types()))
        self.module.Plain.__module__ = f"{NAME}.tests.test_plain"
        self.assertFalse(self.wanted.is_class(self.module.Plain), "a class of the package's tests")
        self.assertIsNone(self.wanted.judge(threading.Condition), "of the standard library")

    def test_none_is_where_they_are_not_asked_for(self) -> None:
        self.assertIsNone(types_of.Wanted([NAME]).judge(self.module.Plain))

    def test_called_are_its_own_methods_and_properties(self) -> None:
        methods = {"add": Counter({"7": 2}), "_hidden": Counter({"": 1})}
        found = {c.name: c for c in in_python.candidates(self.module.Plain, methods, {NAME})}
        names = [
            "add",
            "begin",
            "drop",
            "half",
            "half=",
            "iter",
            "len",
            "list",
            "merge",
            "walk",
            "words",
        ]
        self.assertEqual(sorted(found), names)
        self.assertEqual(found["walk"].code, "list(itertools.islice(o.walk(*a), 30))")
        self.assertIn("7", found["add"].arguments)
        self.assertIn("o2", found["merge"].arguments)
        self.assertNotIn("o2", found["drop"].arguments, "it would walk it without its lock")

    def test_what_others_define_is_not_called_but_what_a_mixin_does(self) -> None:
        found = {c.name for c in in_python.candidates(self.module.Serves, {}, {NAME})}
        self.assertEqual(found, {"own"})
        queue = types_of.Wanted((), ["collections"])
        found = {c.name for c in in_python.candidates(UserDict, {}, queue.classes_of)}
        self.assertLessEqual({"setdefault", "pop", "getitem"}, found)

    def test_a_class_that_type_made_is_no_type_in_c(self) -> None:
        self.assertIsNone(types_of.in_c(self.module.Made))
        self.assertIsNone(types_of.in_c(type("Of", (), {"f": lambda self: 1})))
        self.assertIs(types_of.in_c(deque), deque)

    def test_nor_is_one_that_tells_another_module(self) -> None:
        class Bare:
            pass

        Bare.__module__ = NAME  # takes __firstlineno__ away
        self.assertTrue(in_python.is_in_python(Bare))
        self.assertIsNone(types_of.in_c(Bare))

    def test_two_steps_against_one_are_not_made(self) -> None:
        one = corpus.Operation("pop", "o.pop(*a)", changes=True, grows=-1)
        two = corpus.Operation("add", "o.add(*a)", changes=True, grows=1)
        kind = corpus.Type("m.Box", "m.Box()", [one, two], in_python=True)
        self.assertEqual(sequences.sequences_of(kind), [])
        kind.in_python = False
        self.assertTrue(sequences.sequences_of(kind))

    def test_what_a_call_changed_is_seen_in_its_fields(self) -> None:
        o = self.module.Plain()
        before = survey.state_of(o)
        o._kept["a"] = o
        after = survey.state_of(o)
        self.assertEqual(before[".size"], after[".size"])
        self.assertNotEqual(before["._kept"], after["._kept"])

    def test_the_survey_leaves_out_what_starts_threads(self) -> None:
        methods = {"add": Counter({"7": 2})}
        listed = in_python.candidates(self.module.Plain, methods, {NAME})
        with tempfile.TemporaryDirectory() as folder:
            found = survey.survey(
                f"{NAME}.Plain", f"{NAME}.Plain()", listed, Path(folder), self.wanted
            )
        assert found is not None
        self.assertTrue(found.kind.in_python)
        self.assertIn("add", found.kind.methods)
        self.assertNotIn("begin", found.kind.methods)
        add = found.kind.by_name["add"]
        self.assertIn("size", add.writes)

    def test_an_object_with_items_comes_first_though_no_test_calls_what_fills_it(self) -> None:
        recording = record.Recording({f"{NAME}.Box": Counter({f"{NAME}.Box()": 3})})
        with tempfile.TemporaryDirectory() as folder:
            found = list(harvest.survey_type(f"{NAME}.Box", recording, Path(folder), self.wanted))
        first = found[0].kind
        self.assertIn("__setitem__", first.make)
        self.assertIn("delitem", first.methods)
        self.assertIn(f"{NAME}.Box()", [one.kind.make for one in found], "an empty one, too")


class Packages(unittest.TestCase):
    def test_classes_are_looked_at_by_themselves_where_nothing_is_in_c(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            site = Path(folder)
            info = site / "sample-1.dist-info"
            info.mkdir()
            (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sample\nVersion: 1\n")
            (info / "RECORD").write_text("sample/__init__.py,,\nsample-1.dist-info/METADATA,,\n")
            (info / "direct_url.json").write_text('{"url": "file:///src/sample", "dir_info": {}}')
            (site / "sample").mkdir()
            (site / "sample" / "__init__.py").write_text("")

            def of(classes: str) -> frozenset[str]:
                return harvest.wanted_types([site], classes).classes_of

            self.assertEqual(of("auto"), {"sample"})
            self.assertEqual(of("off"), set())
            (site / "sample" / "_c.so").write_bytes(b"..__tsan_init..")
            self.assertEqual(of("auto"), set())
            self.assertEqual(of("on"), {"sample"})
            self.assertEqual(harvest.wanted_types([], "on").classes_of, set(), "CPython's own")
