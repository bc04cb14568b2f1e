"""Pairs: each two operations of a type are a test. See pairs/__init__.py.

The target is a corpus' folder; arguments name types, whole or by their ends, that are wanted alone.
A test's id names the type and both operations:

    array.array::append|pop               one call each
    array.array::pop;append|getitem       two steps of one thread against one call of the other
    memoryview::release|cast>getitem      the other's call is on what o.cast() gave
    array.array@2::append|pop             on an object made in the second way
"""

import difflib
import gc
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..contract import Outcome
from ..pairs import calls, footprints
from ..pairs.corpus import Corpus, Side, Type, sides_of
from ..pairs.ranking import ranked
from ..pairs.rounds import Rounds
from ..suite import Context, Driver, Listed, Options, Problem, Result, Suite, SuiteError, Test

COLLECT_EVERY = 1000
"""Pairs between two collections: they are off meanwhile, for they order everything."""


REST = 1.0
"""So many times as long as a look takes there is no other: pairs are made meanwhile."""
MOST_NAMED = 8
"""Types in the message that there is none of a name."""
NEAR = 0.7
"""How alike two names are that may be meant for each other, of 1."""
WORTH_A_LOOK = 32
"""Operations of a type, from which on it is looked at which of them are apart."""

Call = tuple[calls.Function, object, tuple[object, ...]]
Scene = Callable[[Side, Side], tuple[Call, Call]]
"""Makes fresh objects, and the calls of the side that comes first and of the other."""


class Pair(Test):
    """Two operations, on fresh objects, in both orders.

    A scene more for those that have another object as argument: the same two objects the other way
    round, a.merge(b) and b.merge(a). And two more for iterators, with one item left and with none.
    """

    draws = False

    def __init__(self, id_: str, session: "Session", maker: calls.Maker, sides: list[Side]) -> None:
        self.id = id_
        self._session = session
        self._maker = maker
        self._sides = sides
        self._ordered_by: str | None = None

    def threads(self, wanted: int) -> int:
        return 2

    def run(self, context: Context) -> Result:
        one, two = self._sides
        orders = [(one, two)] if one == two else [(one, two), (two, one)]
        # Whoever comes first has the object as alone. If that raises, a sqlite3 cursor in another
        # thread than its maker's, say, the pair shows nothing.
        worked = [self._once(self._plain, *order) for order in orders]
        for scene in self._other_scenes():
            for order in orders:
                self._once(scene, *order)
        outcome = Outcome.PASSED if all(worked) else Outcome.SKIPPED
        if context.next_test() is None:
            self._session.close()
        return Result(outcome, ordered_by=self._ordered_by)

    def _once(self, scene: Scene, first: Side, second: Side) -> bool:
        rounds = self._session.rounds()
        try:
            one, two = scene(first, second)
        except Exception:
            return False  # what made an object in the survey does not always: not exercised
        worked = rounds.run(one, two, self._session.swap())
        self._ordered_by = self._ordered_by or rounds.ordered_by()
        rounds.clear()
        return worked

    def _other_scenes(self) -> list[Scene]:
        scenes: list[Scene] = []
        steps = [step for side in self._sides for step in side.steps]
        if any(side.relative for side in self._sides):
            return scenes
        if any(calls.hands_over_another(step) for step in steps):
            scenes.append(self._crossed)
        if self._maker.kind.items > 0:
            scenes.append(lambda first, second: self._near_the_end(first, second, 1))
        if self._maker.kind.items >= 0:
            scenes.append(lambda first, second: self._near_the_end(first, second, 0))
        return scenes

    def _plain(self, first: Side, second: Side) -> tuple[Call, Call]:
        o = self._maker.make()
        return self._call(first, o), self._call(second, o)

    def _crossed(self, first: Side, second: Side) -> tuple[Call, Call]:
        a, b = self._maker.make(), self._maker.make()
        return self._call(first, a, b), self._call(second, b, a)

    def _near_the_end(self, first: Side, second: Side, left: int) -> tuple[Call, Call]:
        o = self._maker.few_left(left)
        return self._call(first, o), self._call(second, o)

    def _call(self, side: Side, o: object, other: object | None = None) -> Call:
        maker = self._maker
        if side.relative:
            o = maker.relative(side.relative, o)
        functions = [maker.function(step) for step in side.steps]
        arguments = [maker.arguments(step, o, other) for step in side.steps]
        if len(side.steps) == 1:
            return functions[0], o, arguments[0]
        return _both, o, (functions, arguments)


def _both(o: object, a: tuple[object, ...]) -> None:
    """Two steps, the second even if the first one raised."""
    functions, arguments = a
    for function, args in zip(functions, arguments, strict=True):  # type: ignore[call-overload]
        try:
            function(o, args)
        except Exception:
            continue


class Known(Test):
    """A pair of which it is known what comes of it: not made."""

    def __init__(self, id_: str, known: Outcome) -> None:
        self.id = id_
        self.known = known

    def threads(self, wanted: int) -> int:
        return 2

    def run(self, context: Context) -> Result:
        raise NotImplementedError


class Session:
    """The two threads of an iteration; made when the first pair runs."""

    def __init__(self) -> None:
        self._rounds: Rounds | None = None
        self._count = 0

    def rounds(self) -> Rounds:
        if self._rounds is None:
            gc.disable()
            gc.freeze()  # what there is already need not be looked at again
            sys.unraisablehook = lambda unraisable: None
            self._rounds = Rounds()
        self._count += 1
        if self._count % COLLECT_EVERY == 0:
            gc.collect()
        return self._rounds

    def swap(self) -> bool:
        """Which thread makes the first call: each in its turn."""
        return self._count % 2 == 0

    def close(self) -> None:
        if self._rounds is not None:
            self._rounds.close()
            self._rounds = None


def _no_type(asked: Sequence[str], types: Sequence[Type]) -> str:
    """A corpus may have hundreds: named are the nearest ones, else the first."""
    names = list(dict.fromkeys(kind.type_name for kind in types))
    ends = {name.rpartition(".")[2]: name for name in names}
    near = [
        ends.get(found, found)
        for text in asked
        for found in difflib.get_close_matches(text, [*names, *ends], MOST_NAMED, NEAR)
    ]
    named = list(dict.fromkeys(near)) or names[:MOST_NAMED]
    more = f" and {len(names) - len(named)} more" if len(names) > len(named) else ""
    return f"no type {' or '.join(asked)}; there are {', '.join(named)}{more}"


class PairsSuite(Suite):
    """The pairs of a corpus."""

    scratch_is_cwd = True
    is_of_pairs = True

    def __init__(self, options: Options) -> None:
        self._folder = Path(options.targets[0])
        try:
            self._corpus = Corpus.load(self._folder)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SuiteError(f"the corpus {self._folder} can't be read: {error}") from error
        self.rootdir = self._folder
        self._types = {
            kind.name: kind
            for kind in self._corpus.types
            if not options.args or kind.is_one_of(options.args)
        }
        if not self._types and self._corpus.types:
            raise SuiteError(_no_type(options.args, self._corpus.types))
        self._makers: dict[str, calls.Maker | Exception] = {}
        self._apart: dict[str, footprints.Apart] = {}
        self._next_look = 0.0
        self._session = Session()

    def group(self, ids: Sequence[str]) -> list[list[str]]:
        groups: dict[str, list[str]] = {}
        for id_ in ids:
            groups.setdefault(id_.partition("::")[0], []).append(id_)
        return list(groups.values())

    def collect(self, ids: Sequence[str]) -> tuple[list[Test], list[Problem]]:
        tests: list[Test] = []
        problems: list[Problem] = []
        for id_ in ids:
            name, _, pair = id_.partition("::")
            # A pair alone is asked for: by a replay, say.
            known = self._known(name, pair) if len(ids) > 1 else None
            if known is not None:
                tests.append(Known(id_, known))
                continue
            try:
                sides = sides_of(self._types[name], pair)
            except KeyError:
                problems.append(Problem("not-found", f"{id_}: no such pair", tests=[id_]))
                continue
            maker = self._maker(self._types[name])
            if isinstance(maker, Exception):
                text = f"{name}: {type(maker).__name__}: {maker}"
                problems.append(Problem("import", text, tests=[id_]))
                continue
            tests.append(Pair(id_, self._session, maker, sides))
        return tests, problems

    def _known(self, name: str, pair: str) -> Outcome | None:
        """What comes of the pair, where that is known: two single calls may be apart, and a call
        that ends the process by itself shows nothing."""
        kind = self._types.get(name)
        maker = self._maker(kind) if kind else None
        if not isinstance(maker, calls.Maker):
            return None
        apart = self._apart.get(name)
        if apart is None or not apart.settled:
            begun = time.monotonic()
            may_look = begun > self._next_look and len(maker.kind.operations) >= WORTH_A_LOOK
            self._apart[name] = apart = footprints.apart_of(maker, self._folder, may_look)
            if apart.looked:
                now = time.monotonic()
                self._next_look = now + REST * (now - begun)
        one, _, two = pair.partition("|")
        if apart.has(one, two):
            return Outcome.APART
        ends = any(apart.ends_alone(step) for step in re.split("[|;>]", pair))
        return Outcome.SKIPPED if ends else None

    def _maker(self, kind: Type) -> calls.Maker | Exception:
        if kind.name not in self._makers:
            try:
                maker = calls.open_type(kind, self._folder, calls.namespace())
                maker.compile_all()
                self._makers[kind.name] = maker
            except Exception as error:
                self._makers[kind.name] = error
        return self._makers[kind.name]

    def list_tests(self) -> Iterator[Listed | Problem]:
        for kind in self._types.values():
            self._maker(kind)  # for the iterations, to which it would take much longer
            for stage, first, second in ranked(kind):
                id_ = f"{kind.name}::{first}|{second}"
                words = [kind.name, kind.type_name.rpartition(".")[2], first, second]
                yield Listed(id_, kind.name, words, None, stage)

    def where(self) -> str:
        missing = self._corpus.not_made
        if not missing:
            return "no type in C is the package's own: its functions take the interpreter's objects"
        named = ", ".join(missing[:MOST_NAMED]) + (", ..." if len(missing) > MOST_NAMED else "")
        return (
            f"the suite's tests make no object of {named}; how that is done, a file of tests can "
            "show, which the suite file names: `harvest = FILE`"
        )


class PairsDriver(Driver):
    """driver = pairs: not for suite files, see --pairs"""

    def open(self, options: Options) -> Suite:
        return PairsSuite(options)


DRIVER = PairsDriver()
