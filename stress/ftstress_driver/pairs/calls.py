"""Makes objects of a type and calls operations on them: the corpus, compiled."""

import copy
import itertools
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .compiled import Compiled
from .corpus import Operation, Type, source_of
from .operations import way_of

Function = Callable[[object, tuple[Any, ...]], object]


def namespace() -> dict[str, object]:
    """Globals of a corpus' code."""
    return {"copy": copy, "itertools": itertools, "pickle": pickle, "sys": sys}


class Maker:
    """One type of the corpus."""

    def __init__(
        self, kind: Type, path: str, names: dict[str, object], compiled: Compiled | None = None
    ) -> None:
        """Imports what the type's expressions name. Raises what importing and compiling raise."""
        self.kind = kind
        self.compiled = compiled or Compiled()
        self._names = names
        self.compiled.prepare(kind.make, names)
        self._make = self.compiled.code(kind.make, path, "eval")
        self._functions: dict[str, object] = {}
        self._path = path
        self._compiled = False
        self._arguments: dict[str, Any] = {}

    def make(self) -> object:
        """A fresh object."""
        return eval(self._make, self._names)

    def function(self, operation: Operation) -> Function:
        """What makes the call, under a name of its own."""
        if not self._compiled:
            for other in self.kind.operations:
                if other.taker:
                    self.compiled.prepare(other.code, self._names)
            # Into a dict of their own: a method `array` does not hide the module.
            code = self.compiled.code(source_of(self.kind), self._path, "exec")
            exec(code, self._names, self._functions)
            self._compiled = True
        return self._functions[operation.function]  # type: ignore[return-value]

    def arguments(
        self, operation: Operation, o: object, other: object | None = None
    ) -> tuple[Any, ...]:
        """Fresh arguments for a call on `o`; `other`: what is called o2, else a fresh object."""
        source = operation.arguments
        if not source:
            return ()
        code = self._code_of(source)
        given: dict[str, Any] = {"f": lambda *args: args, "o": o}
        if "o2" in source:
            given["o2"] = self.make() if other is None else other
        made: tuple[Any, ...] = eval(code, self._names, given)
        return made

    def _code_of(self, arguments: str) -> Any:
        code = self._arguments.get(arguments)
        if code is None:
            call = f"f({arguments.removesuffix(',')})"
            self.compiled.prepare(call, self._names)
            code = self.compiled.code(call, self._path, "eval")
            self._arguments[arguments] = code
        return code

    def compile_all(self) -> None:
        """All that any operation needs; keeps it. Raises what importing and compiling raise."""
        for operation in self.kind.operations:
            self.function(operation)
            if operation.arguments:
                self._code_of(operation.arguments)
        self.compiled.keep()

    def relative(self, operation: Operation, o: object) -> object:
        """Another object, made out of `o`."""
        return self.function(operation)(o, self.arguments(operation, o))

    def few_left(self, left: int) -> object:
        """A fresh iterator that has given all its items but so many."""
        o: Any = self.make()
        for _ in range(self.kind.items - left):
            next(o)
        return o


def hands_over_another(operation: Operation) -> bool:
    """Is another object of the type itself, not something of it, an argument?"""
    return way_of(operation.arguments) == "another object"


def open_type(kind: Type, folder: Path, names: dict[str, object]) -> Maker:
    """Of a corpus in `folder`."""
    compiled = Compiled(folder / "compiled" / f"{kind.file.removesuffix('.py')}.bin")
    return Maker(kind, str(folder / kind.file), names, compiled)
