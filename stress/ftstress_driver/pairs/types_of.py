"""Which types are looked at: the packages' own, that are written in C, Cython, C++ or Rust; and
those in Python, where these are asked for (in_python.py)."""

import re
import sys
import types
from collections.abc import Iterable, Iterator

from . import in_python

# Immutable, or made of others; what is wrong with these is the interpreter's.
NEVER = frozenset(
    [
        "builtins.int",
        "builtins.str",
        "builtins.bytes",
        "builtins.float",
        "builtins.complex",
        "builtins.bool",
        "builtins.NoneType",
        "builtins.builtin_function_or_method",
        "builtins.method",
        "builtins.module",
        "builtins.code",
        "builtins.ellipsis",
        "builtins.range",
        "builtins.slice",
        "builtins.NotImplementedType",
        "builtins.method_descriptor",
        "builtins.wrapper_descriptor",
        "builtins.method-wrapper",
        "builtins.getset_descriptor",
        "builtins.member_descriptor",
        "builtins.classmethod_descriptor",
        "builtins.tuple",
        "builtins.frozenset",
        "builtins.object",
        "_thread.lock",
        "_thread.RLock",
        "_thread._ThreadHandle",
        "_thread._local",
        "_contextvars.Token",
        "builtins.super",
    ]
)
# Nothing of their instances changes.
IMMUTABLE = (tuple, int, str, bytes, float, complex)
# Where a package in C has no type of its own, functions hand out a pointer in one of these.
CAPSULE = "builtins.PyCapsule"
CONTAINERS = frozenset(["builtins.list", "builtins.dict", "builtins.set", "builtins.bytearray"])


def in_c(kind: type) -> type | None:
    """The base of `kind` that is written in C and carries the object's data; None for Python's."""
    for base in kind.__mro__:
        if base is object or issubclass(base, IMMUTABLE):
            return None
        if not in_python.is_in_python(base):
            return base
    return None


def _adds_nothing(kind: type) -> bool:
    """Is all that its objects do and have a base's, that is written in C, too? (The 130 of ast.)"""
    parent = kind.__base__
    if parent is None or parent is object or in_c(parent) is not parent:
        return False
    told = {"__doc__", "__module__", "__new__", "__match_args__", "_fields", "_attributes"}
    told |= {"__dict__", "__weakref__", "_type_", "_length_"}
    own = {
        name for name, value in vars(kind).items() if callable(value) or hasattr(value, "__get__")
    }
    return not own - told and kind.__basicsize__ == parent.__basicsize__


def _module_of(kind: type) -> str:
    module = getattr(kind, "__module__", None)  # a type of a test's need not have one
    return module if isinstance(module, str) else ""


def name_of(kind: type) -> str:
    return f"{_module_of(kind)}.{kind.__qualname__}"


def capsule_name(capsule: object) -> str:
    """builtins.PyCapsule[_frame.LZ4F_cctx]: what is in it is known by its name alone."""
    named = re.search(r'"(.+)"', repr(capsule))
    name = re.sub(r"[^\w.]", "_", named[1]) if named else "NULL"
    return f"{CAPSULE}[{name}]"


def is_capsule(name: str) -> bool:
    return name.startswith(f"{CAPSULE}[")


class Wanted:
    """The types under test: of these packages, or, where none are named, of CPython itself."""

    def __init__(self, packages: Iterable[str], classes_of: Iterable[str] = ()) -> None:
        """classes_of: packages whose classes in Python are wanted, too."""
        self.classes_of = frozenset(classes_of)
        self.packages = frozenset(packages) | self.classes_of
        self._verdicts: dict[type, str | None] = {}

    def is_package(self, module: str) -> bool:
        top = module.partition(".")[0]
        if self.packages:
            return top in self.packages
        return top in sys.stdlib_module_names and not module.startswith(("test", "unittest"))

    def type_of(self, value: object) -> str | None:
        """The name of the object's type if it is one of those."""
        kind = type(value)
        if kind is types.CapsuleType and self.packages:
            return capsule_name(value)
        if kind not in self._verdicts:
            self._verdicts[kind] = self.judge(kind)
        return self._verdicts[kind]

    def judge(self, kind: type) -> str | None:
        """The name of the type if it is one of those."""
        name = self._judge_in_c(kind)
        return name_of(kind) if name is None and self.is_class(kind) else name

    def is_class(self, kind: type) -> bool:
        """Is it a class in Python that is wanted?"""
        module = _module_of(kind)
        return module.partition(".")[0] in self.classes_of and in_python.is_fit(kind, module)

    def _judge_in_c(self, kind: type) -> str | None:
        base = in_c(kind)
        if base is None or not isinstance(base, type):
            return None
        # Of a class in Python: the package's own show what their base in C is for.
        if base is not kind and not self.is_package(_module_of(kind)):
            return None
        while _adds_nothing(base):
            parent = base.__base__
            assert parent is not None
            base = parent
        name = name_of(base)
        if name in NEVER or "<locals>" in name or name in CONTAINERS:
            return None
        module = _module_of(base)
        # A package's exceptions are the interpreter's code, and of the thread that raises them.
        if issubclass(base, BaseException) and (self.packages or module != "builtins"):
            return None
        # A factory's type without a module of its own, "builtins.iterator", is the interpreter's.
        if not self.is_package(module):
            return None
        return name if re.fullmatch(r"[\w.]+", name) else None

    def all_types(self) -> Iterator[type]:
        """What the packages' loaded modules define; those, too, that no module names (a test has
        imported a module anew, a factory's type)."""
        waiting: list[type] = [object]
        seen: set[int] = set()  # a metaclass may have a hash of its own
        while waiting:
            below: list[type] = type.__subclasses__(waiting.pop())
            for kind in below:
                if id(kind) in seen:
                    continue
                seen.add(id(kind))
                waiting.append(kind)
                wanted = in_c(kind) is kind or self.is_class(kind)
                if wanted and self.judge(kind) == name_of(kind):
                    yield kind
