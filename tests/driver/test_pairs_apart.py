"""Pairs that need not be made, and code that need not be compiled again."""

import json
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from ftstress_driver import contract, iteration, suite
from ftstress_driver.drivers import pairs_driver
from ftstress_driver.pairs import calls, compiled, corpus, footprints


def _corpus(folder: Path, items: int = -1) -> corpus.Type:
    made = [corpus.Operation(f"get{i}", "len(o)") for i in range(pairs_driver.WORTH_A_LOOK)]
    made += [corpus.Operation("put", "o.append(*a)", "7", changes=True)]
    corpus.name_functions(made)
    kind = corpus.Type("array.array", "array.array('b', [1, 2])", made, items=items)
    corpus.Corpus([kind]).save(folder)
    return kind


def _keep(folder: Path, kind: corpus.Type) -> Path:
    """Writes that all operations are apart, but for the last one."""
    count = len(kind.operations)
    rows = ["-" * (count - 1) + "x"] * (count - 1) + ["x" * count]
    file = folder / "apart" / "array.array.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"rows": rows, "whole": True}))
    return file


class Pairs(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def _known(self, *pairs: str) -> list[contract.Outcome | None]:
        options = suite.Options([str(self.folder)])
        opened = pairs_driver.PairsSuite(options)
        tests, problems = opened.collect([f"array.array::{pair}" for pair in pairs])
        self.assertEqual(problems, [])
        return [test.known for test in tests]

    def test_what_is_apart_is_not_made_and_all_else_is(self) -> None:
        _keep(self.folder, _corpus(self.folder))
        many = [f"get0|get{i}" for i in range(pairs_driver.WORTH_A_LOOK)]
        self.assertEqual(set(self._known(*many)), {contract.Outcome.APART})
        known = self._known(*many, "get1|put", "put;put|get1", "get1|get2>get3")
        self.assertEqual(known[-3:], [None, None, None])

    def test_what_ends_the_process_alone_is_not_exercised(self) -> None:
        """No matter with what: it is no matter of threads."""
        kind = _corpus(self.folder)
        file = _keep(self.folder, kind)
        count = len(kind.operations)
        rows = ["!" * count, *["!" + "-" * (count - 1)] * (count - 1)]
        file.write_text(json.dumps({"rows": rows, "whole": True}))
        known = self._known(
            "get0|get1", "get1|get0", "get1;get0|get2", "get1|get0>get2", "get1|get2"
        )
        self.assertEqual(known, [contract.Outcome.SKIPPED] * 4 + [contract.Outcome.APART])

    def test_an_operation_that_ends_its_process_costs_only_itself(self) -> None:
        """Nor does it leave anything where the user is."""
        made = [
            corpus.Operation("write", "open('left behind', 'w').close()"),
            corpus.Operation("die", "os.abort()"),
        ]
        corpus.name_functions(made)
        maker = calls.Maker(corpus.Type("m.T", "[1]", made), "<die>", {"os": os})

        class Footprints:
            are_told = True

            def __init__(self, _: calls.Maker) -> None:
                pass

            def try_out(self, _: corpus.Operation) -> None:
                pass

            def look_at(self, _: int, operation: corpus.Operation) -> bool:
                maker.function(operation)([1], ())
                return True

            def are_apart(self, *_: int) -> bool:
                return True

        with mock.patch.object(footprints, "Footprints", Footprints):
            self.assertEqual(footprints.look(maker), (["-!", "!!"], True))
        self.assertFalse(Path("left behind").exists())

    def test_a_pair_alone_is_made(self) -> None:
        """A replay shows what it does."""
        _keep(self.folder, _corpus(self.folder))
        self.assertEqual(self._known("get0|get1"), [None])

    def test_pairs_of_an_iterator_are_made(self) -> None:
        _keep(self.folder, _corpus(self.folder, items=2))
        many = [f"get0|get{i}" for i in range(pairs_driver.WORTH_A_LOOK)]
        self.assertEqual(set(self._known(*many)), {None})

    def test_where_it_cant_be_told_all_are_made_and_it_is_not_tried_for_ever(self) -> None:
        """Without the library, as here, the child that looks dies."""
        _corpus(self.folder)
        for tried in (1, 2, 2):
            self.assertEqual(self._known("get0|get1", "get0|get2"), [None, None])
            kept = json.loads((self.folder / "apart" / "array.array.json").read_text())
            self.assertEqual(kept["tried"], tried)

    def test_few_operations_are_not_looked_at(self) -> None:
        kind = _corpus(self.folder)
        del kind.operations[3:]
        corpus.Corpus([kind]).save(self.folder)
        self.assertEqual(self._known("get0|get1", "get0|get2"), [None, None])
        self.assertFalse((self.folder / "apart").exists())

    def test_two_processes_do_not_look_at_one_type(self) -> None:
        kind = _corpus(self.folder)
        (self.folder / "apart").mkdir()
        claim = self.folder / "apart" / "array.array.claim"
        claim.touch()
        maker = calls.open_type(kind, self.folder, calls.namespace())
        self.assertFalse(footprints.apart_of(maker, self.folder).looked)
        os.utime(claim, (0, 0))  # whoever it was is gone
        self.assertTrue(footprints.apart_of(maker, self.folder).looked)

    def test_a_file_that_was_cut_off_says_nothing(self) -> None:
        kind = _corpus(self.folder)
        file = _keep(self.folder, kind)
        file.write_text(file.read_text()[:40])
        maker = calls.open_type(kind, self.folder, calls.namespace())
        apart = footprints.apart_of(maker, self.folder)
        self.assertEqual((apart.looked, apart.settled), (True, False))
        self.assertFalse(apart.has("get0", "get1"))


class Names(unittest.TestCase):
    def test_of_many_types_the_nearest_are_named(self) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            made = [corpus.Type(f"m.Type{i}x{i}", "1") for i in range(100)]
            made += [corpus.Type("collections.deque", "1"), corpus.Type("collections.deque@2", "1")]
            corpus.Corpus(made).save(Path(scratch))
            for asked, told in (
                ("dequeue", "no type dequeue; there are collections.deque and 100 more"),
                ("nothing", "no type nothing; there are m.Type0x0, m.Type1x1, .* and 93 more"),
            ):
                with self.assertRaisesRegex(suite.SuiteError, f"^{told}$"):
                    pairs_driver.PairsSuite(suite.Options([scratch], args=[asked]))


class Known(unittest.TestCase):
    def test_a_test_whose_outcome_is_known_is_told_and_not_run(self) -> None:
        ends: list[tuple[int, contract.Outcome]] = []

        class Emitter:
            def end(self, index: int, outcome: contract.Outcome, *_: int) -> None:
                ends.append((index, outcome))

            def slice_end(self) -> None:
                pass

        class Opened(suite.Suite):
            def group(self, ids: object) -> list[list[str]]:
                return []

            def collect(self, ids: object) -> tuple[list[suite.Test], list[suite.Problem]]:
                return [], []

            def list_tests(self) -> object:  # type: ignore[override]
                return iter(())

            def where(self) -> str:
                return ""

        plan = iteration.Plan(0, 1, 2, 0.005, 10.0, "turns", ["a", "b"])
        apart = {id_: pairs_driver.Known(id_, contract.Outcome.APART) for id_ in plan.tests}
        self.addCleanup(setattr, tempfile, "tempdir", tempfile.tempdir)
        with tempfile.TemporaryDirectory() as scratch:
            iteration.run(Opened(), plan, apart, Emitter(), Path(scratch))  # type: ignore[arg-type]
        self.assertEqual(ends, [(0, contract.Outcome.APART), (1, contract.Outcome.APART)])


class Compiled(unittest.TestCase):
    def test_code_and_modules_come_back(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "compiled", "m.T.bin")
            first = compiled.Compiled(file)
            made = first.code("bisect.bisect([1], 1)", "t.py", "eval")
            first.prepare("bisect.bisect([1], 1)", {})
            first.keep()
            again = compiled.Compiled(file)
            names: dict[str, object] = {}
            again.prepare("bisect.bisect([1], 1)", names)
            code = again.code("bisect.bisect([1], 1)", "t.py", "eval")
            self.assertEqual((code, code.co_filename), (made, "t.py"))
            self.assertEqual(eval(code, names), 1)
            before = file.stat().st_mtime_ns
            again.keep()
            self.assertEqual(file.stat().st_mtime_ns, before)

    def test_what_is_no_such_file_is_made_anew(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "m.T.bin")
            first = compiled.Compiled(file)
            first.code("1 + 1", "t.py", "eval")
            first.keep()
            for data in (b"", b"nonsense", file.read_bytes()[:-3]):
                file.write_bytes(data)
                self.assertEqual(eval(compiled.Compiled(file).code("1 + 1", "t.py", "eval")), 2)
