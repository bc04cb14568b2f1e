"""Pairs of which one side takes two steps, or acts on an object that was made out of the other's.

    pop;add|get        memory and slots that are used again after a removal
    share|copy>share   o.share() and o.copy().share(): something inside is one for both

There are too many of them to go through all. Chosen are those that are likely by what the survey
saw: the first step takes something away or changes it, the second one adds or changes again, the
other side reads what they changed. They are the same in each run.
"""

import itertools
import random
from collections.abc import Iterator

from .corpus import Operation, Type

MOST = 300
"""Of a type; and of those with a relative as many."""
MOST_RELATIVES = 3
SHARE_NOTHING = ("deepcopy",)


def sequences_of(kind: Type) -> list[tuple[str, str]]:
    """Two steps of one thread against one of the other, the most promising first. Of a class in
    Python none: what is found there needs no memory that is used again, and would be told with the
    first step, whichever of the two it is."""
    if kind.in_python:
        return []
    plain = [o for o in kind.returning if o.name != "__init__"]
    shrink = [o for o in plain if o.changes and o.grows <= 0]
    grow = [o for o in plain if o.changes and o.grows >= 0]
    rng = random.Random(kind.name)
    found: list[tuple[int, float, tuple[str, str]]] = []
    for first, second in itertools.product(shrink, grow):
        if first is second:
            continue
        # What is taken away and put back: a slot, a node, a block that is used again.
        back = (first.grows < 0) + (second.grows > 0)
        for other in plain:
            if kind.container and not other.taker:
                continue
            reads = 2 if not other.changes else 0
            pair = (f"{first.name};{second.name}", other.name)
            found.append((-(2 * back + reads - _again(first, second, other)), rng.random(), pair))
    return [pair for _, _, pair in sorted(found)[:MOST]]


def _again(*steps: Operation) -> int:
    """How many of the steps are an operation with other arguments than its first ones."""
    return sum("#" in step.name for step in steps)


def related_of(kind: Type) -> list[tuple[str, str]]:
    """A call against each call on a relative, most first those that change one of the two."""
    plain = [o for o in kind.returning if o.name != "__init__"]
    rng = random.Random(kind.name)
    found = [
        (-(2 * (one.changes + two.changes) - _again(one, two)), rng.random(), pair)
        for relative in _relatives(plain)
        for one in plain
        for two in plain
        for pair in [(one.name, f"{relative.name}>{two.name}")]
    ]
    return [pair for _, _, pair in sorted(found)[:MOST]]


def _relatives(operations: list[Operation]) -> Iterator[Operation]:
    """What gives an object that may share something inside: those without arguments first."""
    found = [o for o in operations if o.relative and o.name not in SHARE_NOTHING]
    return itertools.islice(sorted(found, key=lambda o: o.arguments != ""), MOST_RELATIVES)
