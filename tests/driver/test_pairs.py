"""The corpus of --pairs: what is recorded, tried, kept and paired."""

import ast
import collections
import functools
import itertools
import os
import queue
import random
import string
import subprocess
import sys
import tempfile
import time
import types
import unittest
import xml.parsers.expat
from collections import Counter
from pathlib import Path

from ftstress_driver import suite
from ftstress_driver.drivers import pairs_driver
from ftstress_driver.pairs import (
    calls,
    corpus,
    evidence,
    expressions,
    harvest,
    kept,
    makers,
    operations,
    ranking,
    record,
    results,
    scripts,
    sequences,
    survey,
    types_of,
)


class Expressions(unittest.TestCase):
    def test_a_value_comes_back_from_its_expression(self) -> None:
        for value in (
            *(None, True, -3, 1.5, float("inf"), 2j, "a'b", b"\0", ..., (1,), [1, [2]]),
            *({"a": (1, 2)}, {1, 2}, set(), frozenset({3}), bytearray(b"x"), range(3), slice(1, 2)),
            *(len, int, collections.deque, itertools.count),
        ):
            text = expressions.describe(value)
            names: dict[str, object] = {}
            expressions.prepare(text, names)
            self.assertEqual(eval(text, names), value, text)

    def test_a_type_that_says_a_wrong_module_is_named_by_one_that_has_it(self) -> None:
        """`tp_name` of pkg._speed's type may be "_speed.Fast", or "Fast"."""
        kind = collections.UserList
        module = kind.__module__
        try:
            for wrong in ("_no_such_module", "builtins"):
                kind.__module__ = wrong
                self.assertEqual(expressions.describe(kind), "collections.UserList")
        finally:
            kind.__module__ = module

    def test_functions_of_cython_have_a_name_too(self) -> None:
        """Each module may have a type of its own for them."""
        kind = type(
            "cython_function_or_method",
            (),
            {
                "__call__": lambda self, text: len(text),
                "__get__": lambda self, owner, kind: types.MethodType(self, owner),
            },
        )
        function = kind()
        function.__module__, function.__qualname__ = "string", "parse_url"
        holder = type("Holder", (), {"feed": function})()
        string.parse_url = function  # type: ignore[attr-defined]
        try:
            self.assertEqual(expressions.describe(function), "string.parse_url")
            self.assertTrue(expressions.is_in_c(holder.feed))
            self.assertFalse(expressions.is_in_c(self.setUp))
            calls = list(makers.calls_of_functions(types_of.Wanted(("string",))))
            self.assertEqual(calls, [])  # string is a module in Python
        finally:
            del string.parse_url  # type: ignore[attr-defined]

    def test_what_another_process_could_not_make_has_none(self) -> None:
        for value in (object(), lambda: 1, [lambda: 1], "x" * 1000, list(range(1000))):
            with self.assertRaises(expressions.CannotDescribeError):
                expressions.describe(value)


class Scripts(unittest.TestCase):
    """What shows a pair's fault without ftstress."""

    def _kind(self, **changes: str) -> corpus.Type:
        put = corpus.Operation("append", "o.append(*a)", "1", function="append")
        pop = corpus.Operation("pop", "o.pop(*a)", "", function="pop")
        share = corpus.Operation("copy", "copy.copy(o)", "", relative=True, function="copy_")
        return corpus.Type("collections.deque", "collections.deque([1])", [put, pop, share])

    def test_a_script_runs_with_python_alone_and_says_what_it_saw(self) -> None:
        text = scripts.script_of(self._kind(), "append;pop|copy>append", 'it "crashes" \\', "x.py")
        self.assertIn("import collections\n", text)
        self.assertIn("import copy\n", text)
        self.assertLess(len(text.splitlines()), 80)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "x.py")
            file.write_text(text)
            command = [sys.executable, "-S", "-E", str(file), "0.2"]
            ended = subprocess.run(command, text=True, capture_output=True, timeout=60)
        if hasattr(sys, "_is_gil_enabled") and not sys._is_gil_enabled():
            self.assertEqual((ended.stdout, ended.returncode), ("nothing seen in 0.2 s\n", 0))
        else:
            self.assertIn("needs a free-threaded Python", ended.stderr)

    def test_there_is_none_where_only_the_suite_has_what_is_needed(self) -> None:
        kind = self._kind()
        kind.make = "harness.Thing()"
        with self.assertRaisesRegex(scripts.NoScriptError, "harness, which is the suite's own"):
            scripts.script_of(kind, "append|pop", "a data race", "x.py")

    def test_an_iterator_is_tried_near_its_end_and_two_objects_both_ways_round(self) -> None:
        step = corpus.Operation("next", "next(o)", "", function="next_")
        other = corpus.Operation("merge", "o.merge(*a)", "o2", function="merge")
        kind = corpus.Type("builtins.list_iterator", "iter([1, 2])", [step, other], [], 2)
        self.assertIn("range(2 - i // 2 % 2)", scripts.script_of(kind, "next|next", "", "x.py"))
        self.assertIn("p[::-1]", scripts.script_of(kind, "merge|merge", "", "x.py"))
        self.assertNotIn("p[::-1]", scripts.script_of(kind, "next|next", "", "x.py"))


class Takers(unittest.TestCase):
    def test_who_takes_an_object_is_read_off_the_tree_of_the_call(self) -> None:
        self.assertEqual(operations.called("m.take(o, 1)"), ("m.take", "take"))
        self.assertEqual(
            operations.called("re.compile('(').match(o)"), ("re.compile('(').match", "match")
        )
        self.assertEqual(operations.called("m.D({'(': 1})[0].f(o)"), ("m.D({'(': 1})[0].f", "f"))
        self.assertEqual(operations.called("len(o)"), ("len", "len"))
        for none in ("m.table[0](o)", "o + 1", "f(o"):
            self.assertIsNone(operations.called(none), none)


class Recording(unittest.TestCase):
    def setUp(self) -> None:
        self.recorder = record.Recorder(types_of.Wanted(()))

    def _run(self, source: str) -> None:
        tree = record.rewrite(ast.parse(source))
        names = {
            "__ftstress_call__": self.recorder.call,
            "collections": collections,
            "queue": queue,
        }
        exec(compile(tree, "test_x.py", "exec"), names)

    def test_how_an_object_was_made_and_what_was_called_with_what(self) -> None:
        self._run("d = collections.deque([1, 2], maxlen=3)\nd.append('x')\nd.rotate(1)")
        found = self.recorder.recording
        self.assertIn("collections.deque([1, 2], maxlen=3)", found.makers["collections.deque"])
        methods = found.methods["collections.deque"]
        self.assertEqual(
            {name: list(calls) for name, calls in methods.items()},
            {"append": ["'x'"], "rotate": ["1"]},
        )

    def test_an_object_made_with_what_has_no_expression_shows_arguments(self) -> None:
        """A parser that is given a mock."""
        self._run("d = collections.deque([object()])\nd.append('x')")
        found = self.recorder.recording
        self.assertEqual(list(found.methods["collections.deque"]["append"]), ["'x'"])
        self.assertNotIn("collections.deque", found.makers)

    def test_what_lies_at_an_address_is_in_no_other_process(self) -> None:
        source = "kept = ctypes.c_int(3)\nctypes.c_int.from_address(ctypes.addressof(kept))"
        self._run(f"import ctypes\n{source}")
        made = [text for found in self.recorder.recording.makers.values() for text in found]
        self.assertIn("ctypes.c_int(3)", made)
        self.assertFalse([text for text in made if "from_address" in text])

    def test_what_needs_calls_before_it_is_made_with_them(self) -> None:
        self._run("d = collections.deque()\nd.append(1)\nd.extend([2])\niterator = d.__iter__()")
        found = self.recorder.recording.makers
        text = "(lambda o: (o.append(1), o.extend([2]), {})[-1])(collections.deque())"
        self.assertIn(text.format("o"), found["collections.deque"])
        self.assertIn(text.format("o.__iter__()"), found["collections._deque_iterator"])

    def test_what_a_class_in_python_makes_and_keeps(self) -> None:
        """As simplejson's JSONDecoder does with its Scanner in C."""
        self.recorder = record.Recorder(types_of.Wanted(("queue", "collections")))
        self._run("q = queue.Queue(3)\nq.queue.append(7)\nq.put(8)")
        found = self.recorder.recording
        self.assertEqual(list(found.makers["collections.deque"]), ["queue.Queue(3).queue"])
        self.assertEqual(list(found.methods["collections.deque"]["append"]), ["7"])

    def test_a_call_that_takes_the_object_or_a_container(self) -> None:
        self._run("d = collections.deque([1])\ncollections.OrderedDict.fromkeys(d)")
        self.assertIn("builtins.list", self.recorder.recording.takers)
        self.assertIn("collections.deque", self.recorder.recording.takers)

    def test_the_tests_see_no_difference(self) -> None:
        self._run(
            "class A:\n"
            "    def f(self, *args, **keywords): return args, keywords\n"
            "class B(A):\n"
            "    def f(self, *args, **keywords): return super().f(*args, k=1, **keywords)\n"
            "assert B().f(1, *[2], x=3) == ((1, 2), {'k': 1, 'x': 3})"
        )

    def test_calls_with_arguments_that_no_expression_tells_leave_room_for_others(self) -> None:
        for _ in range(record.ENOUGH + 1):
            self.recorder.call(collections.deque, [object()])
        self.recorder.call(collections.deque, [1])
        makers_ = self.recorder.recording.makers["collections.deque"]
        self.assertEqual(list(makers_), ["collections.deque([1])"])
        for _ in range(record.MOST_TRIED):
            self.recorder.call(itertools.repeat, object())
        self.recorder.call(itertools.repeat, 1)
        self.assertNotIn("itertools.repeat", self.recorder.recording.makers)

    def test_the_time_of_a_file_is_its_tests_own(self) -> None:
        """Neither what collecting them takes, nor what others do on the machine."""
        ran: list[float] = []

        def run(seconds: float) -> None:
            ran.append(seconds)
            end = time.process_time() + seconds
            while time.process_time() < end:
                pass

        class File:
            def collect(self, ids: list[str]) -> tuple[list[types.SimpleNamespace], list[str]]:
                run(0.3)
                waits = types.SimpleNamespace(id="waits", run=lambda _: time.sleep(0.3))
                works = types.SimpleNamespace(id="works", run=lambda _: run(0.1))
                return [waits, waits] + [works] * 9, []

        harvest.record_file(File(), [], self.recorder, 0.25)  # type: ignore[arg-type]
        self.assertEqual(ran, [0.3, 0.1, 0.1, 0.1])

    def test_what_no_test_imports_is_imported_unless_that_ends_the_process(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            site = Path(folder)
            for name, text in (("calm", "value = 1"), ("ends", "import os; os._exit(3)")):
                (site / f"untouched_{name}.py").write_text(text)
                package = site / "libraries"
                package.mkdir(exist_ok=True)
                (package / f"untouched_{name}.cpython-314t.so").write_bytes(b"\0__tsan_init\0")
            (package / "other.so").write_bytes(b"not instrumented")
            sys.path.insert(0, folder)
            try:
                harvest.import_untouched([package])
                self.assertIn("untouched_calm", sys.modules)
                self.assertNotIn("untouched_ends", sys.modules)
            finally:
                sys.path.remove(folder)
                sys.modules.pop("untouched_calm", None)
            self.assertEqual(harvest.instrumented(package), ["untouched_calm", "untouched_ends"])

    def test_only_test_files_are_rewritten(self) -> None:
        for path in ("/a/test_x.py", "/a/tests/helper.py", "/a/conftest.py", "/a/x_test.py"):
            self.assertTrue(record.is_test_file(path), path)
        for path in ("/a/x.py", "/a/testing.py", "/a/latest/x.py"):
            self.assertFalse(record.is_test_file(path), path)

    def test_a_plugin_that_is_installed_beside_pytest_is_left_alone(self) -> None:
        """pytest rewrites the assertions of all its modules. One that looks at its caller's frame
        has to find its caller there."""
        from _pytest.assertion import rewrite

        names = ("rewrite_asserts", "_read_pyc", "_write_pyc")
        before = {name: getattr(rewrite, name) for name in names}
        assert rewrite.__file__
        beside = Path(rewrite.__file__).parents[2]
        record._install_in_pytest()
        try:
            for path, recorded in (
                (beside / "plugin" / "__init__.py", False),
                (beside / "package" / "tests" / "helper.py", True),
                (Path("/a/check_x.py"), True),
            ):
                tree = ast.parse("f(1)")
                rewrite.rewrite_asserts(tree, b"f(1)", str(path))
                self.assertEqual("__ftstress_call__" in ast.unparse(tree), recorded, path)
        finally:
            for name, function in before.items():
                setattr(rewrite, name, function)


class Surveys(unittest.TestCase):
    def _survey(self, make: str, candidates: list[operations.Candidate]) -> survey.Surveyed | None:
        with tempfile.TemporaryDirectory() as scratch:
            return survey.survey(
                "collections.deque", make, candidates, Path(scratch), types_of.Wanted(())
            )

    def test_what_works_alone_is_kept_with_its_arguments(self) -> None:
        methods = {"rotate": Counter({"2": 1})}
        listed = list(operations.candidates(collections.deque, methods, Counter()))
        found = self._survey("collections.deque([1, 2])", listed)
        assert found is not None
        by_name = {operation.name: operation for operation in found.kind.operations}
        self.assertEqual(by_name["rotate"].arguments, "next(iter(o2))")
        self.assertEqual((by_name["append"].grows, by_name["pop"].grows), (1, -1))
        self.assertEqual((by_name["append"].changes, by_name["len"].changes), (True, False))
        self.assertIn("iter.next", by_name)
        self.assertEqual((by_name["copy"].relative, by_name["append"].relative), (True, False))
        self.assertEqual(found.kind.items, -1)
        self.assertIn(
            ("collections._deque_iterator", "iter((collections.deque([1, 2])))"), found.makers
        )

    def test_what_ends_or_blocks_the_process_is_left_out_with_the_reason(self) -> None:
        limit, survey.SECONDS_A_TRY = survey.SECONDS_A_TRY, 0.5
        self.addCleanup(setattr, survey, "SECONDS_A_TRY", limit)
        found = self._survey(
            "collections.deque()",
            [
                operations.Candidate("dies", "__import__('os').abort()"),
                operations.Candidate("leaves", "__import__('os')._exit(0)"),
                operations.Candidate("waits", "__import__('time').sleep(60)"),
                operations.Candidate("clear", "o.clear()"),
                operations.Candidate("acquire", "o.acquire()"),
            ],
        )
        assert found is not None
        self.assertEqual([operation.name for operation in found.kind.operations], ["clear"])
        reasons = dict(found.kind.left_out)
        self.assertIn("SIGABRT", reasons["dies()"])
        self.assertIn("ends the process", reasons["leaves()"])
        self.assertIn("does not return", reasons["waits()"])
        self.assertIn("waits for another thread", reasons["acquire"])

    def test_what_ends_the_process_when_called_again_is_left_out(self) -> None:
        twice = "o.append(1) if len(o) < 1 else __import__('os').abort()"
        found = self._survey(
            "collections.deque()",
            [operations.Candidate("twice", twice), operations.Candidate("clear", "o.clear()")],
        )
        assert found is not None
        self.assertEqual([operation.name for operation in found.kind.operations], ["clear"])
        self.assertIn("SIGABRT", dict(found.kind.left_out)["twice()"])

    def test_what_does_not_return_with_its_objects_the_other_way_round_is_left_out(self) -> None:
        limit, survey.SECONDS_A_TRY = survey.SECONDS_A_TRY, 0.5
        self.addCleanup(setattr, survey, "SECONDS_A_TRY", limit)
        power = "o.__setitem__(0, o[0] ** a[0][0])"  # the first time 9, the second 9 ** 9, ...
        found = self._survey(
            "collections.deque([9])",
            [
                operations.Candidate("ipow", power, ("o2",)),
                operations.Candidate("extend", "o.extend(*a)", ("o2",)),
            ],
        )
        assert found is not None
        self.assertEqual([operation.name for operation in found.kind.operations], ["extend"])
        self.assertIn("does not return", dict(found.kind.left_out)["ipow(o2)"])

    def test_arguments_that_do_different_things_are_kept(self) -> None:
        listed = list(operations.candidates(collections.deque, {}, Counter()))
        found = self._survey("collections.deque([1, 2, 3])", listed)
        assert found is not None
        kept = [o.arguments for o in found.kind.operations if o.name.startswith("rotate")]
        self.assertIn("0", kept)  # changes nothing
        self.assertGreater(len(kept), 1)
        extends = [o for o in found.kind.operations if o.name.partition("#")[0] == "extend"]
        self.assertGreater(len({o.arguments for o in extends}), 2)
        self.assertLessEqual(len(extends), operations.MOST_ARGUMENTS)

    def test_what_always_raises_is_kept_once_and_what_takes_nothing_at_hand_is_listed(self) -> None:
        make = "xml.parsers.expat.ParserCreate()"
        listed = list(operations.candidates(type(xml.parsers.expat.ParserCreate()), {}, Counter()))
        listed = [c for c in listed if c.name in ("Parse", "ParseFile", "GetBase", "SetBase")]
        bad = [operations.Candidate("Parse", "o.Parse(*a)", ("1", "'<a', True", "'>', True"), 4)]
        found = self._survey(make, [c for c in listed if c.name != "Parse"] + bad)
        assert found is not None
        by_name = {operation.name: operation for operation in found.kind.operations}
        self.assertEqual(by_name["Parse"].raises, "ExpatError")
        self.assertEqual(by_name["Parse"].arguments, "'<a', True")  # not what has a wrong type
        self.assertEqual(by_name["GetBase"].raises, "")
        self.assertEqual(found.kind.uncalled, ["ParseFile"])  # it takes what has read()
        self.assertIn("Parse", corpus.source_of(found.kind))
        self.assertIn("# not called: ParseFile", corpus.source_of(found.kind))
        self.assertFalse(any("Parse" in "".join(p) for p in sequences.sequences_of(found.kind)))
        self.assertIn(
            ("GetBase", "Parse"), [tuple(sorted(p)) for p in ranking.plain_pairs(found.kind)]
        )
        found.kind.leave_raising_out()
        self.assertNotIn("Parse", found.kind.by_name)

    def test_a_state_is_set_to_what_another_object_has(self) -> None:
        listed = list(operations.candidates(functools.partial, {}, Counter()))
        found = self._survey("functools.partial(max, 1)", listed)
        assert found is not None
        by_name = {operation.name: operation for operation in found.kind.operations}
        self.assertEqual(by_name["__setstate__"].arguments, "o2.__reduce__()[2]")

    def test_the_name_of_a_function_is_its_own_and_that_of_a_type_is_not_its_objects(self) -> None:
        names = {c.name for c in operations.candidates(types.FunctionType, {}, Counter())}
        self.assertLess({"__name__", "__name__=", "__qualname__"}, names)
        names = {c.name for c in operations.candidates(collections.deque, {}, Counter())}
        self.assertNotIn("__name__", names)

    def test_one_init_is_enough(self) -> None:
        listed = list(operations.candidates(collections.deque, {}, Counter()))
        found = self._survey("collections.deque([1, 2])", listed)
        assert found is not None
        names = [o.name for o in found.kind.operations if o.name.startswith("__init__")]
        self.assertEqual(names, ["__init__"])

    def test_another_object_and_a_function_are_kept_among_the_arguments(self) -> None:
        arguments = ("1", "'a'", "b'a'", "[1]", operations.CALLBACK, "o2")
        found = self._survey(
            "collections.deque()", [operations.Candidate("add", "o.append(*a)", arguments, 4)]
        )
        assert found is not None
        kept = [operation.arguments for operation in found.kind.operations]
        self.assertLess({operations.CALLBACK, "o2"}, set(kept))

    def test_what_an_operation_changes_is_told_by_name(self) -> None:
        found = self._survey("_io.StringIO('ab')", [operations.Candidate("close", "o.close()")])
        assert found is not None
        self.assertIn("closed", found.kind.operations[0].writes)

    def test_private_methods_are_left_to_their_module_unless_a_test_calls_them(self) -> None:
        class Kind:
            pass

        Kind._inner = str.upper  # type: ignore[attr-defined]
        names = {c.name for c in operations.candidates(Kind, {}, Counter())}
        self.assertNotIn("_inner", names)
        seen = {"_inner": Counter({"1": 1})}
        names = {c.name for c in operations.candidates(Kind, seen, Counter())}
        self.assertIn("_inner", names)

    def test_the_last_item_of_what_a_call_gives_is_a_way_to_make_its_type(self) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            kind = itertools.groupby
            listed = list(operations.candidates(kind, {}, Counter()))
            wanted = types_of.Wanted(())
            make = "itertools.groupby([1, 2])"
            found = survey.survey("itertools.groupby", make, listed, Path(scratch), wanted)
        assert found is not None
        self.assertIn(("itertools._grouper", f"({make}).__next__()[-1]"), found.makers)

    def test_an_object_that_cant_be_made_is_no_type(self) -> None:
        self.assertIsNone(self._survey("1 / 0", [operations.Candidate("x", "o.x")]))


def _type(*made: corpus.Operation) -> corpus.Type:
    corpus.name_functions(list(made))
    return corpus.Type("array.array", "array.array('b', [1, 2])", list(made))


class KeptWork(unittest.TestCase):
    """What an interrupted harvest has done is not done again."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.kept = kept.Kept(self.folder / "x.part")

    def test_what_was_kept_comes_back_and_a_damaged_file_is_nothing(self) -> None:
        self.assertIsNone(self.kept.get("a"))
        self.kept.put("a", {"b": [1]})
        self.kept.put("c", 2)
        self.assertEqual(self.kept.get("a"), {"b": [1]})
        for file in (self.folder / "x.part").iterdir():
            file.write_text(file.read_text()[:3])
        self.assertIsNone(self.kept.get("a"))
        self.kept.clear()
        self.assertFalse((self.folder / "x.part").exists())
        (self.folder / "file").write_text("")
        kept.Kept(self.folder / "file").put("a", 1)  # no folder can be made: it is no error
        kept.Kept(None).put("a", 1)

    def test_a_type_that_was_surveyed_and_tests_that_ran_are_taken_as_they_are(self) -> None:
        wanted = types_of.Wanted(())
        seen = record.Recording()
        seen.makers["collections.deque"] = Counter({"collections.deque([1])": 1})
        progress = harvest.Progress()
        made = harvest.make_types(seen, self.folder, wanted, progress, self.kept)
        self.assertIn("collections.deque", [kind.name for kind in made])
        told = self.kept.get("type collections.deque")
        told[0][0]["make"] = "kept"
        self.kept.put("type collections.deque", told)
        again = harvest.make_types(seen, self.folder, wanted, progress, self.kept)
        self.assertEqual(next(k.make for k in again if k.name == "collections.deque"), "kept")

        said = {**seen.as_json(), "loaded": ["m.T"]}
        self.kept.put("tests of t.py", said)
        listed = [suite.Listed("t.py::a", "t.py", [], None, 0)]
        tests = types.SimpleNamespace(list_tests=lambda: iter(listed))  # and none that could run
        recorder = record.Recorder(wanted)
        found = harvest.record(tests, recorder, 1.0, self.kept)  # type: ignore[arg-type]
        self.assertEqual(found[0].makers, seen.makers)
        self.assertEqual((found[1], found[2]), ({"m.T"}, []))


class Corpora(unittest.TestCase):
    def test_a_corpus_comes_back_and_can_be_called(self) -> None:
        kind = _type(
            corpus.Operation("append", "o.append(*a)", "7"),
            corpus.Operation("len", "o.__len__(*a)"),
            corpus.Operation("itemsize=", "o.itemsize = a[0]", "o2.itemsize"),
            corpus.Operation("array", "list(o)"),
        )
        with tempfile.TemporaryDirectory() as folder:
            corpus.Corpus([kind], ["m.X"], ["a note"]).save(Path(folder))
            back = corpus.Corpus.load(Path(folder))
            self.assertEqual(back.types[0].operations, kind.operations)
            self.assertEqual(back.not_made, ["m.X"])
            maker = calls.open_type(back.types[0], Path(folder), calls.namespace())
            o = maker.make()
            append, length, _, listed = kind.operations
            maker.function(append)(o, maker.arguments(append, o))
            self.assertEqual(maker.function(length)(o, ()), 3)
            self.assertEqual(maker.function(listed)(o, ()), [1, 2, 7])
            self.assertTrue(maker.make() is not maker.make())

    def test_names_are_apart_and_hide_no_builtin(self) -> None:
        made = [corpus.Operation(name, "o") for name in ("len", "len", "in", "x=", "copy", "f(.)")]
        corpus.name_functions(made)
        self.assertEqual(
            [operation.name for operation in made], ["len", "len#2", "in", "x=", "copy", "f(.)"]
        )
        self.assertEqual(
            [operation.function for operation in made],
            ["len_", "len2", "in_", "x_set", "copy_", "f"],
        )


def _pairs(kind: corpus.Type) -> list[tuple[str, str]]:
    return sorted((one, two) for _, one, two in ranking.ranked(kind))


class Makers(unittest.TestCase):
    """How objects are made, and which ways are chosen."""

    def _looks(self, *tried: str) -> dict[str, makers.Look]:
        return makers.measure(tried, types_of.Wanted(()))

    def test_what_is_made_is_looked_at(self) -> None:
        full, empty = "collections.deque([1, 2, 3])", "collections.deque()"
        found = self._looks(full, empty, "1 / 0", "int('1')")
        self.assertEqual(set(found), {full, empty, "int('1')"})
        look = found[full]
        self.assertEqual((look.kind, look.wanted, look.size), ("collections.deque", True, 3))
        self.assertNotEqual(look.aspects, found[empty].aspects)
        self.assertFalse(found["int('1')"].wanted)

    def test_a_file_that_can_be_read_is_chosen_before_one_that_is_no_pickle(self) -> None:
        good, bad = (
            f"_pickle.Unpickler(io.BytesIO({given}))"
            for given in ("pickle.dumps([1, 'a'])", "b'abc'")
        )
        looks = self._looks(good, bad)
        self.assertEqual(looks[good].aspects["load()"], makers.WORKS)
        self.assertEqual(looks[bad].aspects["load()"], "UnpicklingError")
        self.assertEqual(makers.choose(Counter({bad: 9, good: 1}), looks), [good, bad])

    def test_an_object_that_other_threads_may_use_is_chosen_first(self) -> None:
        own, shared = (
            f"sqlite3.connect(':memory:'{given})" for given in ("", ", check_same_thread=False")
        )
        looks = self._looks(own, shared)
        if not looks:
            self.skipTest("no sqlite3")
        self.assertEqual(makers.choose(Counter({own: 9, shared: 1}), looks)[0], shared)

    def test_types_that_no_module_names_are_known(self) -> None:
        found = {types_of.name_of(kind) for kind in types_of.Wanted(()).all_types()}
        self.assertLess({"collections.deque", "builtins.list_iterator"}, found)
        self.assertNotIn("builtins.int", found)

    def test_a_method_that_kills_the_look_costs_only_what_it_would_have_told(self) -> None:
        make = "random.Random(1)"
        calls_of = makers._calls_of
        self.addCleanup(setattr, makers, "_calls_of", calls_of)
        makers._calls_of = lambda *ignored: os.abort()
        found = self._looks(make, "random.Random(2)")
        self.assertEqual(set(found), {make, "random.Random(2)"})

    def test_what_ends_or_blocks_the_process_costs_only_itself(self) -> None:
        seconds, makers.SECONDS_A_LOOK = makers.SECONDS_A_LOOK, 1
        self.addCleanup(setattr, makers, "SECONDS_A_LOOK", seconds)
        good = "collections.deque()"
        found = self._looks("os.abort()", "os.abort(1)", "time.sleep(60)", good)
        self.assertEqual(set(found), {good})

    def test_the_chosen_ones_differ_and_the_first_has_items(self) -> None:
        full, alike, empty, bound = (
            f"collections.deque({given})" for given in ("[1, 2]", "[1, 3]", "", "[1, 2], 5")
        )
        tried = Counter({empty: 9, alike: 3, full: 2, bound: 1})
        chosen = makers.choose(tried, self._looks(*tried))
        self.assertEqual(chosen[0], alike)
        self.assertEqual(set(chosen[1:]), {empty, bound})

    def test_rare_makers_are_looked_at_before_the_hundredth_of_one_kind(self) -> None:
        tried = Counter({f"m.zeros({number}, 'f8')": 5 for number in range(100)})
        tried["m.zeros(3, 'T')"] = tried["m.zeros(3, m.StringDType())"] = 1
        chosen = makers.most_unlike(tried, 10)
        self.assertEqual(len(chosen), 10)
        self.assertEqual(chosen["m.zeros(3, 'T')"], 1)
        self.assertIn("m.zeros(3, m.StringDType())", chosen)
        self.assertEqual(chosen["m.zeros(0, 'f8')"], 5)

    def test_some_items_are_better_than_thousands(self) -> None:
        given = ("bytearray(100000)", "bytearray(b'abcdef')", "bytearray()")
        looks = self._looks(*given)
        self.assertEqual([looks[text].bulk for text in given], [3, 0, 0])
        chosen = makers.choose(Counter(dict(zip(given, (9, 1, 5), strict=True))), looks)
        self.assertEqual(chosen[0], given[1])

    def test_of_two_alike_the_one_that_is_made_in_no_time(self) -> None:
        slow, quick = "collections.deque(sorted(range(20000)))", "collections.deque(range(7))"
        looks = self._looks(slow, quick)
        self.assertEqual(looks[quick].slowness, 0)
        self.assertGreater(looks[slow].slowness, 0)
        self.assertEqual(makers.choose(Counter({slow: 9, quick: 1}), looks)[0], quick)

    def test_an_iterator_of_each_kind_of_thing(self) -> None:
        tried = Counter(["enumerate([1, 2])", "enumerate('ab')", "enumerate([3, 4])"])
        self.assertEqual(len(makers.choose(tried, self._looks(*tried))), 2)

    def test_an_object_that_a_call_has_changed_is_made_in_one_expression(self) -> None:
        kind = corpus.Type(
            "collections.deque",
            "collections.deque()",
            [
                corpus.Operation("copy", "o.copy(*a)"),
                corpus.Operation("append", "o.append(*a)", "1", changes=True, grows=1),
                corpus.Operation("extend", "o.extend(*a)", "o2", changes=True),
                corpus.Operation("index", "o.index(*a)", "o"),
                corpus.Operation("len", "o.__len__(*a)"),
            ],
        )
        made = list(makers.prepared(kind))
        self.assertEqual(made[0], "(lambda o: (o.append(1), o)[1])(collections.deque())")
        self.assertEqual(len(made), 3)  # append, extend, copy
        self.assertEqual(eval(made[0], {"collections": collections}), collections.deque([1]))

    def test_what_is_at_hand_makes_iterators_and_results_of_functions(self) -> None:
        wanted = types_of.Wanted(())
        tried = [*makers.called(["itertools.chain"]), *makers.calls_of_language()]
        kinds = {look.kind for look in makers.measure(tried, wanted).values() if look.wanted}
        missing = {
            *("itertools.chain", "builtins.bytearray_iterator", "builtins.dict_reversekeyiterator"),
            *("builtins.generator", "builtins.memory_iterator", "builtins.longrange_iterator"),
        } - kinds
        self.assertEqual(missing, set())
        functions = list(makers.calls_of_functions(wanted))
        self.assertTrue(any(text.startswith("_struct.iter_unpack(") for text in functions))
        self.assertFalse([text for text in functions if text.startswith(("posix.", "_signal."))])

    def test_arrays_of_each_kind_of_item_are_a_family(self) -> None:
        arrays = [
            f"types.SimpleNamespace(dtype=types.SimpleNamespace(kind={kind!r}, names={names!r}))"
            for kind, names in (("O", None), ("f", None), ("f", None), ("V", ("a", "b")))
        ]
        recording = record.Recording(makers={"types.SimpleNamespace": Counter(arrays)})
        with tempfile.TemporaryDirectory() as scratch:
            found = list(
                harvest.survey_type(
                    "types.SimpleNamespace", recording, Path(scratch), types_of.Wanted(())
                )
            )
        names = [surveyed.kind.name for surveyed in found]
        self.assertEqual(
            names,
            [f"types.SimpleNamespace[{family}]" for family in ("float", "object", "structured")],
        )
        self.assertEqual({surveyed.kind.type_name for surveyed in found}, {"types.SimpleNamespace"})

    def test_a_family_has_the_bases_of_its_type(self) -> None:
        dtype = "types.SimpleNamespace(kind={0!r}, names=None)"
        maker = f"(o := collections.OrderedDict(), setattr(o, 'dtype', {dtype}))[0]"
        makers = Counter([maker.format("O"), maker.format("f")])
        recording = record.Recording(makers={"collections.OrderedDict": makers})
        with tempfile.TemporaryDirectory() as scratch:
            found = list(
                harvest.survey_type(
                    "collections.OrderedDict", recording, Path(scratch), types_of.Wanted(())
                )
            )
        names = [surveyed.kind.name for surveyed in found]
        self.assertEqual(names, [f"collections.OrderedDict[{of}]" for of in ("float", "object")])
        self.assertEqual([surveyed.kind.bases for surveyed in found], [["builtins.dict"]] * 2)

    def test_a_class_in_python_makes_objects_of_its_base_in_c(self) -> None:
        look = self._looks("random.Random(1)")["random.Random(1)"]
        self.assertEqual((look.kind, look.wanted, look.exact), ("_random.Random", True, False))

    def test_a_type_that_adds_nothing_is_its_base(self) -> None:
        wanted = types_of.Wanted(())
        self.assertEqual(wanted.type_of(ast.Name("a")), "ast.AST")
        self.assertEqual(wanted.type_of(ValueError()), "builtins.BaseException")
        self.assertEqual(wanted.type_of(OSError()), "builtins.OSError")
        self.assertIsNone(types_of.Wanted(["x"]).type_of(OSError()))


class Ranking(unittest.TestCase):
    """The pairs that are most likely to race come first."""

    def _kind(self, name: str = "m.T", count: int = 40) -> corpus.Type:
        made = [corpus.Operation(f"get{i}", f"o.get{i}") for i in range(count)]
        made.append(corpus.Operation("put", "o.put(1)", changes=True, grows=1, writes=["get7"]))
        corpus.name_functions(made)
        return corpus.Type(name, "m.T()", made)

    def test_writers_before_readers_and_the_reader_of_what_is_written_first(self) -> None:
        pairs = ranking.plain_pairs(self._kind())
        self.assertEqual(pairs[0], ("put", "put"))
        self.assertEqual(pairs[1], ("get7", "put"))
        first = [pair for pair in pairs if pair[0] != pair[1]][:40]
        self.assertTrue(all("put" in pair for pair in first))

    def test_what_is_made_at_the_first_use_is_met_by_itself_early(self) -> None:
        early = ranking.plain_pairs(self._kind())[:82]
        self.assertLess({(f"get{i}", f"get{i}") for i in range(40)}, set(early))

    def test_all_pairs_come_in_stages_that_grow(self) -> None:
        ranked = list(ranking.ranked(self._kind()))
        self.assertEqual(len(ranked), 41 * 42 // 2)
        sizes = Counter(stage for stage, _, _ in ranked)
        self.assertEqual((sizes[0], sizes[1], sizes[2]), (24, 48, 96))
        self.assertEqual([stage for stage, _, _ in ranked], sorted(s for s, _, _ in ranked))

    def test_another_way_to_make_one_comes_later_with_its_best_pairs(self) -> None:
        ranked = list(ranking.ranked(self._kind("m.T@2")))
        self.assertEqual(len(ranked), ranking.MOST_OF_A_VARIANT)
        self.assertEqual(ranked[0], (1, "put", "put"))

    def test_of_equal_ones_each_operation_has_its_turn(self) -> None:
        made = [corpus.Operation(f"do{i}", f"o.do{i}()") for i in range(20)]
        corpus.name_functions(made)
        early = ranking.plain_pairs(corpus.Type("m.T", "m.T()", made))[:40]
        met = Counter(name for pair in early for name in set(pair))
        self.assertEqual(len(met), 20)
        self.assertLessEqual(max(met.values()), 6)

    def test_of_two_steps_a_removal_and_an_addition_against_a_reader_come_first(self) -> None:
        kind = _type(
            corpus.Operation("sort", "o.sort()", changes=True),
            corpus.Operation("pop", "o.pop()", changes=True, grows=-1),
            corpus.Operation("add", "o.add(1)", changes=True, grows=1),
            corpus.Operation("get", "o.get()"),
        )
        self.assertEqual(sequences.sequences_of(kind)[0], ("pop;add", "get"))


class Pairs(unittest.TestCase):
    def test_every_two_operations_themselves_included(self) -> None:
        kind = _type(corpus.Operation("a", "o.a"), corpus.Operation("b", "o.b"))
        self.assertEqual(_pairs(kind), [("a", "a"), ("a", "b"), ("b", "b")])

    def test_init_of_a_live_object_meets_itself_alone(self) -> None:
        kind = _type(corpus.Operation("__init__", "o.__init__()"), corpus.Operation("b", "o.b"))
        self.assertEqual(_pairs(kind), [("__init__", "__init__"), ("b", "b")])

    def test_a_removal_and_an_addition_against_one_call(self) -> None:
        kind = _type(
            corpus.Operation("pop", "o.pop()", changes=True, grows=-1),
            corpus.Operation("add", "o.add(1)", changes=True, grows=1),
            corpus.Operation("get", "o.get()"),
        )
        self.assertIn(("pop;add", "get"), _pairs(kind))
        self.assertNotIn(("add;pop", "get"), _pairs(kind))

    def test_of_a_container_only_what_a_function_takes_matters(self) -> None:
        kind = _type(
            corpus.Operation("append", "o.append(1)", changes=True, grows=1),
            corpus.Operation("f(.)", "m.f(o)", taker=True),
        )
        kind.container = True
        self.assertEqual(_pairs(kind), [("append", "f(.)"), ("f(.)", "f(.)")])

    def test_each_call_against_one_on_an_object_made_out_of_the_first(self) -> None:
        kind = _type(
            corpus.Operation("copy", "o.__copy__()", relative=True),
            corpus.Operation("add", "o.append(1)", changes=True, grows=1),
        )
        pairs = _pairs(kind)
        self.assertIn(("add", "copy>add"), pairs)
        side = corpus.sides_of(kind, "add|copy>add")[1]
        self.assertEqual((side.relative, side.steps), (kind.operations[0], [kind.operations[1]]))
        with self.assertRaises(KeyError):
            corpus.sides_of(kind, "add|copy>nothing")

    def test_scenes_with_the_same_two_objects_the_other_way_round_and_near_the_end(self) -> None:
        def scenes(kind: corpus.Type, pair: str) -> list[pairs_driver.Scene]:
            maker = calls.open_type(kind, Path(), calls.namespace())
            sides = corpus.sides_of(kind, pair)
            made = pairs_driver.Pair("x", pairs_driver.Session(), maker, sides)
            self.sides = sides
            return made._other_scenes()

        kind = _type(
            corpus.Operation("extend", "o.extend(*a)", "o2"), corpus.Operation("len", "len(o)")
        )
        self.assertEqual(scenes(kind, "len|len"), [])
        [crossed] = scenes(kind, "extend|extend")
        (_, a, (b,)), (_, c, (d,)) = crossed(*self.sides)
        self.assertTrue(a is d and b is c and a is not b)
        kind = _type(corpus.Operation("next", "next(o)"))
        kind.make, kind.items = "iter([1, 2, 3])", 3
        one_left, none_left = scenes(kind, "next|next")
        left = [list(scene(*self.sides)[0][1]) for scene in (one_left, none_left)]  # type: ignore[call-overload]
        self.assertEqual(left, [[3], []])


class Evidence(unittest.TestCase):
    """What a race does is no matter of threads where one thread is enough."""

    def _alone(self, make: str, *made: corpus.Operation) -> str | None:
        corpus.name_functions(list(made))
        kind = corpus.Type("m.T", make, list(made))
        maker = calls.open_type(kind, Path(), calls.namespace())
        return evidence.alone(maker, [corpus.Side([made[0]]), corpus.Side([made[-1]])])

    def test_a_crash_that_needs_both_calls_and_one_thread(self) -> None:
        add = corpus.Operation("add", "o.append(1)")
        dies = corpus.Operation("dies", "o and __import__('os').abort()")
        self.assertEqual(self._alone("[]", add, dies), "SIGABRT")

    def test_many_slow_calls_are_no_hang(self) -> None:
        seconds, evidence.SECONDS_ALONE = evidence.SECONDS_ALONE, 2
        self.addCleanup(setattr, evidence, "SECONDS_ALONE", seconds)
        slow = corpus.Operation("slow", "__import__('time').sleep(0.01)")
        self.assertIsNone(self._alone("[]", slow, slow))
        kind = corpus.Type("m.T", "[]", [slow])
        maker = calls.open_type(kind, Path(), calls.namespace())
        started = time.monotonic()
        evidence.loop(maker, [corpus.Side([slow])] * 2, 0.5, 2)
        self.assertLess(time.monotonic() - started, 5)  # all calls together take 10 s

    def test_a_library_that_leaves_the_process(self) -> None:
        add = corpus.Operation("add", "o.append(1)")
        leaves = corpus.Operation("leaves", "o and __import__('os')._exit(3)")
        self.assertEqual(self._alone("[]", add, leaves), "exit status 3")

    def test_calls_that_do_no_harm_one_after_the_other(self) -> None:
        add = corpus.Operation("add", "o.append(1)")
        raises = corpus.Operation("raises", "o.nothing")
        self.assertIsNone(self._alone("[]", add, raises))


class Results(unittest.TestCase):
    """Calls whose every step is one, all of them together not: wrong in no data race."""

    def _orders(self, *made: corpus.Operation) -> set[results.Result] | None:
        kind = _type(*made)
        maker = calls.open_type(kind, Path(), calls.namespace())
        return results.Trial(maker, kind.operations[0], kind.operations[-1]).orders(3)

    def test_both_orders_with_what_the_object_holds_then(self) -> None:
        pop = corpus.Operation("pop", "o.pop()")
        found = self._orders(pop)
        assert found is not None
        self.assertEqual({result[:2] for result in found}, {("2", "1"), ("1", "2")})

    def test_what_differs_each_time_is_not_compared(self) -> None:
        self.assertIsNone(self._orders(corpus.Operation("id", "id(o)")))

    def test_only_pairs_that_change_the_object_at_once(self) -> None:
        kind = _type(
            corpus.Operation("pop", "o.pop()", changes=True),
            corpus.Operation("len", "len(o)"),
            corpus.Operation("list", "list(o)"),
        )
        names = [(one.name, two.name) for one, two in results.pairs_of(kind)]
        self.assertEqual(names, [("pop", "pop"), ("pop", "len")])

    def test_a_number_given_out_twice(self) -> None:
        kind = corpus.Type("m.T", "[0]", [corpus.Operation("take", "o", changes=True)])
        corpus.name_functions(kind.operations)
        trial = results.Trial(
            calls.open_type(kind, Path(), calls.namespace()), *kind.operations * 2
        )

        def take(o: list[int], a: tuple[object, ...]) -> int:
            o.append(1)
            return len(o)

        class Together(results.Partner):
            """Each call as if it had come first."""

            def __init__(self) -> None:
                pass

            def both(
                self, mine: list[results.Call], others: list[results.Call], rng: random.Random
            ) -> tuple[list[object], list[object]]:
                first = [take(o, a) for _, o, a in mine]  # type: ignore[arg-type]
                return list(first), list(first)

        trial._maker.function = lambda operation: take  # type: ignore[assignment, method-assign, return-value]
        found = results.try_pair(trial, Together(), random.Random(1))
        assert found is not None
        self.assertEqual(found[0][:2], ("2", "2"))
        self.assertEqual({order[:2] for order in found[1]}, {("2", "3"), ("3", "2")})


if __name__ == "__main__":
    unittest.main()
