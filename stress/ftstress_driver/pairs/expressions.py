"""Values as Python source, so that a corpus can be read, and made again in another process.

    bitarray('1010'), {'a': (1, 2)}, re.compile('a+').match

An expression names modules by their full names; evaluate() imports them.
"""

import ast
import builtins
import importlib
import math
import os
import sys
import sysconfig
import types
from collections.abc import Callable, Sequence

LONGEST = 400
"""Characters of an expression; what is longer is not recorded."""
DEEPEST = 4
MOST_ITEMS = 40

COMPILED = frozenset(
    ["cython_function_or_method", "fused_cython_function", "nb_func", "nb_bound_method"]
)
"""Types of functions that are not the interpreter's own; each module may have one of its own."""

Known = Callable[[object], str | None]


class CannotDescribeError(Exception):
    """The value has no expression."""


def describe(value: object, known: Known = lambda value: None, depth: int = 0) -> str:
    """An expression for `value`; known() has those of objects whose making was seen.

    Raises CannotDescribeError.
    """
    text = _describe(value, known, depth)
    if len(text) > LONGEST:
        raise CannotDescribeError
    return text


def _describe(value: object, known: Known, depth: int) -> str:
    kind = type(value)
    if value is None or kind in (bool, int, bytes, str) or value is Ellipsis:
        return _plain(value)
    if kind is float:
        return repr(value) if math.isfinite(value) else f"float({str(value)!r})"  # type: ignore[arg-type]
    if kind is complex:
        return f"complex({value.real!r}, {value.imag!r})" if _finite(value) else _no()  # type: ignore[attr-defined]
    seen = known(value)
    if seen is not None:
        return seen
    if depth >= DEEPEST:
        raise CannotDescribeError
    if kind in (list, tuple, set, frozenset, dict, bytearray, range, slice):
        return _container(value, known, depth + 1)
    if isinstance(value, type | types.FunctionType) or is_in_c(value):
        return _named(value)
    raise CannotDescribeError


def is_in_c(function: object) -> bool:
    """Is it a function, or a bound method, of C, Cython or nanobind?"""
    if isinstance(function, types.MethodType):
        function = function.__func__
    return isinstance(function, types.BuiltinFunctionType) or type(function).__name__ in COMPILED


def _no() -> str:
    raise CannotDescribeError


def _finite(value: object) -> bool:
    return math.isfinite(value.real) and math.isfinite(value.imag)  # type: ignore[attr-defined]


def _plain(value: object) -> str:
    if isinstance(value, str | bytes) and len(value) > LONGEST:
        raise CannotDescribeError
    if type(value) is int and abs(value) >= 1 << 256:
        raise CannotDescribeError
    return "..." if value is Ellipsis else repr(value)


def _container(value: object, known: Known, depth: int) -> str:
    if isinstance(value, bytearray):
        return f"bytearray({describe(bytes(value))})"
    if isinstance(value, range):
        return repr(value)
    if isinstance(value, slice):
        bounds = (describe(part, known, depth) for part in (value.start, value.stop, value.step))
        return f"slice({', '.join(bounds)})"
    if len(value) > MOST_ITEMS:  # type: ignore[arg-type]
        raise CannotDescribeError
    if isinstance(value, dict):
        items = (
            f"{describe(key, known, depth)}: {describe(item, known, depth)}"
            for key, item in value.items()
        )
        return "{" + ", ".join(items) + "}"
    parts = [describe(item, known, depth) for item in value]  # type: ignore[attr-defined]
    if isinstance(value, list):
        return f"[{', '.join(parts)}]"
    if isinstance(value, tuple):
        return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
    made = f"{{{', '.join(sorted(parts))}}}" if parts else ""
    return f"{type(value).__name__}({made})" if made == "" or type(value) is frozenset else made


def _named(value: object) -> str:
    """A class or function by its place in a module, if it is what is found there."""
    module = getattr(value, "__module__", None)
    name = getattr(value, "__qualname__", None)
    owner = getattr(value, "__self__", None)
    if owner is not None and not isinstance(owner, types.ModuleType | type):
        raise CannotDescribeError  # a method: of whom, only its caller knows
    if isinstance(owner, type):
        return f"{_named(owner)}.{getattr(value, '__name__', '')}"
    if isinstance(owner, types.ModuleType):
        module = owner.__name__
    if not isinstance(module, str) or not isinstance(name, str) or "<" in name:
        raise CannotDescribeError
    found: object = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is not value or not _can_be_imported(module):
        return _named_elsewhere(value, name)
    return name if module == "builtins" else f"{module}.{name}"


def _named_elsewhere(value: object, name: str) -> str:
    """By a module that has it under its name: a type in C says itself which module it is of, and
    one of pkg._speed may say _speed, or nothing."""
    places = [
        f"{module}.{name}"
        for module, loaded in list(sys.modules.items())
        if isinstance(loaded, types.ModuleType)
        and loaded.__dict__.get(name) is value
        and _can_be_imported(module)
    ]
    if not places:
        raise CannotDescribeError
    return min(places, key=lambda place: (place.count("."), place.count("._"), place))


def _can_be_imported(module: str) -> bool:
    """In another process, too: a test module that pytest has loaded by its file can't."""
    if module == "__main__":
        return False
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return True
    places = [*os.environ.get("PYTHONPATH", "").split(os.pathsep), sysconfig.get_path("stdlib")]
    return any(place and file.startswith(place + os.sep) for place in places)


def modules_in(expression: str) -> list[str]:
    """The modules that an expression may name, outermost first: of `a.b.c` a, a.b and a.b.c."""
    found: list[str] = []
    for node in ast.walk(ast.parse(expression, mode="eval")):
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            parts.append(node.id)
            parts.reverse()
            found.extend(".".join(parts[: i + 1]) for i in range(len(parts)))
    return found


def prepare(expression: str, names: dict[str, object]) -> None:
    """Imports into `names` what the expression needs."""
    bring(modules_in(expression), names)


def bring(modules: Sequence[str], names: dict[str, object]) -> None:
    """Imports into `names` those of the modules that there are; see modules_in()."""
    for name in modules:
        top = name.partition(".")[0]
        if hasattr(builtins, top):
            continue
        if name in sys.modules or "." not in name:
            try:
                module = importlib.import_module(name)
            except ImportError:
                continue
            if "." not in name:
                names.setdefault(name, module)
            continue
        parent = sys.modules.get(name.rpartition(".")[0])
        if parent is None or hasattr(parent, name.rpartition(".")[2]):
            continue
        try:
            importlib.import_module(name)
        except ImportError:
            continue
