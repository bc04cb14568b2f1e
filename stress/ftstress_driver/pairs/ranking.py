"""In which order pairs are tried: those that are most likely to race come first, so that a run of
any length finds what it can.

What an operation did in the survey says what it is:

    writes    the object was another after it
    may       nothing showed, but the object does not show everything: methods, next()
    reads     its name says that it changes nothing: len, repr, an attribute

Each operation ranks its partners: writers before others, those that write or read the same
attribute first. In round r each operation meets the partner that it ranks r-th: so after a few
rounds each has met the most promising ones (CovCon, ICSE 2017, too, begins with what is covered
least). A type's pairs in this order are cut into stages, each twice as long as the one before it.
All types' first stages are run before any second one. It depends on the corpus alone.
"""

from collections.abc import Iterator
from itertools import combinations_with_replacement, zip_longest

from .corpus import Operation, Type
from .sequences import related_of, sequences_of

FIRST_STAGE = 24
"""Pairs of a type in its first stage."""
LATER = 1
"""By so many stages the second and third ways to make a type come later,"""
MOST_OF_A_VARIANT = 360
"""and so many of their pairs are tried: the first way's are all tried."""

PURE = frozenset(
    [
        *("hash", "repr", "len", "str", "sizeof", "bool", "eq", "lt", "contains", "in", "reduce"),
        *("iter", "reversed", "copy", "deepcopy", "pickle", "length_hint", "index", "int", "float"),
    ]
)


def ranked(kind: Type) -> Iterator[tuple[int, str, str]]:
    """All pairs of a type, with the stage of each."""
    pairs = _interleaved(kind)
    if not kind.is_first:
        pairs = pairs[:MOST_OF_A_VARIANT]
    stage, room = 0 if kind.is_first else LATER, FIRST_STAGE
    for one, two in pairs:
        if not room:
            stage += 1
            room = FIRST_STAGE << stage
        room -= 1
        yield stage, one, two


def _interleaved(kind: Type) -> list[tuple[str, str]]:
    """The first stage is of plain pairs; after it, each third is a sequence, each fourth is with a
    relative."""
    plain = plain_pairs(kind)
    rest = plain[FIRST_STAGE:]
    found = plain[:FIRST_STAGE]
    columns = zip_longest(rest[::2], rest[1::2], sequences_of(kind), related_of(kind))
    found += [pair for row in columns for pair in row if pair is not None]
    return found


def plain_pairs(kind: Type) -> list[tuple[str, str]]:
    """Each two operations, themselves included; __init__ of a live object, which nobody expects to
    be safe, against itself alone."""
    init = [o for o in kind.operations if o.name == "__init__"]
    plain = [o for o in kind.operations if o.name != "__init__"]
    promise = {
        (one.name, two.name): _promise(one, two)
        for one, two in combinations_with_replacement(plain, 2)
        if not kind.container or one.taker or two.taker
    }
    place = {o.name: number for number, o in enumerate(plain)}
    partners: dict[str, list[tuple[int, int, tuple[str, str]]]] = {o.name: [] for o in plain}
    for pair, score in promise.items():
        # Of equal ones each operation begins with its neighbour: else all would with the first.
        ahead = (place[pair[1]] - place[pair[0]]) % len(plain)
        partners[pair[0]].append((-score, ahead, pair))
        if pair[0] != pair[1]:
            partners[pair[1]].append((-score, len(plain) - ahead, pair))
    rounds: dict[tuple[str, str], int] = {}
    for own in partners.values():
        for number, (_, _, pair) in enumerate(sorted(own)):
            rounds[pair] = min(number, rounds.get(pair, number))
    order = list(promise)
    order.sort(key=lambda pair: (rounds[pair], -promise[pair]))
    return order + [(o.name, o.name) for o in init]


def _promise(one: Operation, two: Operation) -> int:
    """How likely the two are to race."""
    score = 2 * (_writes(one) + _writes(two))
    if not _writes(one) or not _writes(two):
        score = score * 2 // 3 if _writes(one) + _writes(two) > 1 else score
    if one is two:
        score += 3  # there are few of these; and what is made at the first use shows only here
    shared = {*one.writes, _read_by(one)} & {*two.writes, _read_by(two)} - {"", "contents"}
    score += 2 * bool(shared and (one.writes or two.writes))
    return score - ("#" in one.name) - ("#" in two.name)


def _writes(operation: Operation) -> int:
    """2: it does, 1: it may, 0: it does not, or was refused before it did."""
    if operation.changes:
        return 2
    if operation.raises:
        return 0
    plain = operation.name.partition("#")[0]
    is_attribute = operation.code == f"o.{plain}"
    return 0 if plain in PURE or is_attribute else 1


def _read_by(operation: Operation) -> str:
    """The attribute that it reads."""
    plain = operation.name.partition("#")[0]
    return plain if operation.code == f"o.{plain}" else "length" if plain == "len" else ""
