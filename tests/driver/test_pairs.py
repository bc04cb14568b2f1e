"""The corpus of --pairs: what is recorded, tried, kept and paired."""

import ast
import collections
import itertools
import random
import tempfile
import unittest
from collections import Counter
from pathlib import Path

from ftstress_driver.drivers import pairs_driver
from ftstress_driver.pairs import (
    calls,
    corpus,
    expressions,
    operations,
    record,
    results,
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

    def test_what_another_process_could_not_make_has_none(self) -> None:
        for value in (object(), lambda: 1, [lambda: 1], "x" * 1000, list(range(1000))):
            with self.assertRaises(expressions.CannotDescribeError):
                expressions.describe(value)


class Recording(unittest.TestCase):
    def setUp(self) -> None:
        self.recorder = record.Recorder(types_of.Wanted(()))

    def _run(self, source: str) -> None:
        tree = record.rewrite(ast.parse(source))
        names = {"__ftstress_call__": self.recorder.call, "collections": collections}
        exec(compile(tree, "test_x.py", "exec"), names)

    def test_how_an_object_was_made_and_what_was_called_with_what(self) -> None:
        self._run("d = collections.deque([1, 2], maxlen=3)\nd.append('x')\nd.rotate(1)")
        found = self.recorder.recording
        self.assertEqual(
            list(found.makers["collections.deque"]), ["collections.deque([1, 2], maxlen=3)"]
        )
        methods = found.methods["collections.deque"]
        self.assertEqual(
            {name: list(calls) for name, calls in methods.items()},
            {"append": ["'x'"], "rotate": ["1"]},
        )

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

    def test_only_test_files_are_rewritten(self) -> None:
        for path in ("/a/test_x.py", "/a/tests/helper.py", "/a/conftest.py", "/a/x_test.py"):
            self.assertTrue(record.is_test_file(path), path)
        for path in ("/a/x.py", "/a/testing.py", "/a/latest/x.py"):
            self.assertFalse(record.is_test_file(path), path)


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
        self.assertEqual(
            found.makers[types_of.name_of(type(iter(collections.deque())))],
            "iter((collections.deque([1, 2])))",
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

    def test_an_object_that_cant_be_made_is_no_type(self) -> None:
        self.assertIsNone(self._survey("1 / 0", [operations.Candidate("x", "o.x")]))


def _type(*made: corpus.Operation) -> corpus.Type:
    corpus.name_functions(list(made))
    return corpus.Type("array.array", "array.array('b', [1, 2])", list(made))


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


class Pairs(unittest.TestCase):
    def test_every_two_operations_themselves_included(self) -> None:
        kind = _type(corpus.Operation("a", "o.a"), corpus.Operation("b", "o.b"))
        self.assertEqual(list(pairs_driver.pairs_of(kind)), [("a", "a"), ("a", "b"), ("b", "b")])

    def test_init_of_a_live_object_meets_itself_alone(self) -> None:
        kind = _type(corpus.Operation("init", "o.__init__()"), corpus.Operation("b", "o.b"))
        self.assertEqual(list(pairs_driver.pairs_of(kind)), [("b", "b"), ("init", "init")])

    def test_a_removal_and_an_addition_against_one_call(self) -> None:
        kind = _type(
            corpus.Operation("pop", "o.pop()", changes=True, grows=-1),
            corpus.Operation("add", "o.add(1)", changes=True, grows=1),
            corpus.Operation("get", "o.get()"),
        )
        self.assertIn(("pop;add", "get"), list(pairs_driver.pairs_of(kind)))
        self.assertNotIn(("add;pop", "get"), list(pairs_driver.pairs_of(kind)))

    def test_of_a_container_only_what_a_function_takes_matters(self) -> None:
        kind = _type(
            corpus.Operation("append", "o.append(1)", changes=True, grows=1),
            corpus.Operation("f(.)", "m.f(o)", taker=True),
        )
        kind.name = "builtins.list"
        self.assertEqual(list(pairs_driver.pairs_of(kind)), [("append", "f(.)"), ("f(.)", "f(.)")])

    def test_each_call_against_one_on_an_object_made_out_of_the_first(self) -> None:
        kind = _type(
            corpus.Operation("copy", "o.__copy__()", relative=True),
            corpus.Operation("add", "o.append(1)", changes=True, grows=1),
        )
        pairs = list(pairs_driver.pairs_of(kind))
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
