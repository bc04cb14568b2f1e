"""The corpus of a suite: how objects of each type are made, and what can be done with them.

A folder: corpus.json, and for each type a file of Python that people can read. Reports name its
lines; the driver compiles it.

    # multidict._multidict.MultiDict
    def make():
        return multidict.MultiDict([('a', 1)])

    def add(o, a):
        return o.add(*a)                                # a = ('b', 2)
"""

import builtins
import functools
import json
import keyword
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

SCHEMA = 5


@dataclass
class Operation:
    """A call that works alone."""

    name: str
    code: str
    arguments: str = ""
    """What stands between the parentheses of the call, as source over o and o2."""
    taker: bool = False
    changes: bool = False
    """The object was another after it."""
    grows: int = 0
    """By so much its length changed; -1, 0 or 1."""
    writes: list[str] = field(default_factory=list)
    """What of the object was another after it: its length, its contents, attributes by name."""
    relative: bool = False
    """It gives another object of the type, which may share something inside with the first."""
    raises: str = ""
    """The exception with which it ends also alone: no arguments are known with which it returns."""
    function: str = ""
    """Its name in the file of the type."""


@dataclass
class Type:
    """A type, one way to make it, and its operations."""

    name: str
    """Of the second way to make it: "m.T@2"; of arrays of objects: "m.T[object]"."""
    make: str
    operations: list[Operation] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    """Operations that can't be called, and why."""
    items: int = -1
    """How many items an iterator has until it is exhausted; -1: it is none, or has no end."""
    container: bool = False
    """A list, say, that the package's functions take: only pairs with one of those matter."""
    bases: list[str] = field(default_factory=list)
    """What the type is made out of, without object."""
    in_python: bool = False
    """It is a class in Python: what two calls do to each other are races on Python variables."""
    iterator: bool = False
    """iter() of it is itself."""
    uncalled: list[str] = field(default_factory=list)
    """Methods that take none of the arguments that were tried: nothing is known of them."""

    @property
    def type_name(self) -> str:
        return self.name.partition("@")[0].partition("[")[0]

    @property
    def methods(self) -> set[str]:
        """The names of the operations that come back, whatever their arguments."""
        return {operation.name.partition("#")[0] for operation in self.returning}

    @property
    def returning(self) -> list[Operation]:
        """Its operations without those that always raise."""
        return [operation for operation in self.operations if not operation.raises]

    def leave_raising_out(self) -> None:
        """Of another way to make the type: what raises there, works with the first one, or raises
        there, too."""
        self.operations = self.returning

    @functools.cached_property
    def by_name(self) -> dict[str, Operation]:
        """Its operations; when there will be no more."""
        return {operation.name: operation for operation in self.operations}

    @property
    def is_first(self) -> bool:
        """Is it the first of the ways to make the type?"""
        return "@" not in self.name

    def is_one_of(self, names: Sequence[str]) -> bool:
        """Is it named, whole or by its end?"""
        own = (self.name, self.type_name)
        return any(o == name or o.endswith(f".{name}") for o in own for name in names)

    @property
    def file(self) -> str:
        return re.sub(r"[^\w.]", "_", self.name) + ".py"


@dataclass
class Corpus:
    """All types, and those that nothing made."""

    types: list[Type] = field(default_factory=list)
    not_made: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for kind in self.types:
            (folder / kind.file).write_text(source_of(kind), encoding="utf-8")
        document = {
            "schema": SCHEMA,
            "types": [asdict(kind) for kind in self.types],
            "in_python": any(kind.in_python for kind in self.types),
            "not_made": self.not_made,
            "notes": self.notes,
        }
        text = json.dumps(document, indent=1)
        (folder / "corpus.json").write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Corpus":
        document = json.loads((folder / "corpus.json").read_text(encoding="utf-8"))
        if document.get("schema") != SCHEMA:
            raise ValueError(f"{folder}/corpus.json: another schema")
        return cls(
            [type_from(row) for row in document["types"]], document["not_made"], document["notes"]
        )


def type_from(row: dict[str, Any]) -> Type:
    operations = [Operation(**operation) for operation in row["operations"]]
    left_out = [(name, why) for name, why in row["left_out"]]
    return Type(
        row["name"],
        row["make"],
        operations,
        left_out,
        row["items"],
        row["container"],
        row.get("bases", []),
        row.get("in_python", False),
        row.get("iterator", False),
        row["uncalled"],
    )


@dataclass
class Side:
    """What one of the two threads of a pair does."""

    steps: list[Operation]
    relative: Operation | None = None
    """It does it to what this operation gave, not to the object itself."""


def sides_of(kind: Type, pair: str) -> list[Side]:
    """Of a pair's name, "add|get", "pop;add|get", "add|copy>get". Raises KeyError."""
    by_name = kind.by_name
    sides: list[Side] = []
    for text in pair.split("|"):
        relative, _, steps = text.rpartition(">")
        found = [by_name[step] for step in steps.split(";")]
        sides.append(Side(found, by_name[relative] if relative else None))
    if len(sides) != 2:
        raise KeyError(pair)
    return sides


def name_functions(operations: list[Operation]) -> None:
    """Gives each operation a name of its own, for pairs, and one for its function."""
    names: set[str] = set()
    functions: set[str] = {"make", "copy", "itertools", "pickle", "sys"}
    for operation in operations:
        operation.name = _unique(operation.name, names, "{}#{}")
        plain = re.sub(r"\W", "", operation.name.replace("=", "_set")) or "operation"
        if keyword.iskeyword(plain) or hasattr(builtins, plain) or plain in functions:
            plain += "_"  # the others' code must still mean what it says
        if plain[0].isdigit():
            plain = f"_{plain}"
        operation.function = _unique(plain, functions, "{}_{}")


def _unique(name: str, taken: set[str], form: str) -> str:
    made, number = name, 1
    while made in taken:
        number += 1
        made = form.format(name, number)
    taken.add(made)
    return made


def source_of(kind: Type) -> str:
    """The file of a type."""
    lines = [f"# {kind.name}", "def make():", f"    return {kind.make}", ""]
    for operation in kind.operations:
        lines += [f"def {operation.function}(o, a):"]
        body = operation.code if " = " in operation.code else f"return {operation.code}"
        note = f"  # a = ({operation.arguments})" if operation.arguments else ""
        if operation.raises:
            note += f"  # raises {operation.raises} with all arguments that were tried"
        lines += [f"    {body}{note}", ""]
    for name, why in kind.left_out:
        lines.append(f"# left out: {name}: {why}")
    for name in kind.uncalled:
        lines.append(f"# not called: {name}: no arguments are known that it takes")
    return "\n".join(lines) + "\n"
