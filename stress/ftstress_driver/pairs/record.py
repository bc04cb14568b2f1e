"""What tests do: calls in test modules are seen with their arguments and what came back.

A test module is compiled with `f(x)` as `__ftstress_call__(f, x)`. Of what comes by, kept are

    a call that gave an instance of a wanted type   how such an object is made
    a call of a method of such an instance          arguments that the method takes
    a call with such an instance as an argument     what else can be done with it
    a call with a list, dict, set or bytearray      what may be changed while it is read
"""

import ast
import builtins
import importlib.machinery
import os
import types
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import in_python, types_of
from .expressions import LONGEST, CannotDescribeError, describe, is_in_c

ENOUGH = 40
"""Calls of one function that are recorded,"""
MOST_TRIED = 400
"""and that are looked at, in one file of tests: some have arguments that no expression tells."""
REMEMBERED = 4000
"""Objects whose making is remembered: they live as long."""
MOST_STEPS = 4
"""Calls on an object that are remembered, too: a database has to have a table."""

# What looks at its caller's frame, or is not worth a look.
LEFT_ALONE = frozenset(
    [
        "super",
        "locals",
        "globals",
        "vars",
        "dir",
        "eval",
        "exec",
        "isinstance",
        "issubclass",
        "len",
        "print",
        "type",
        "id",
        "hash",
        "repr",
        "str",
        "int",
        "bool",
        "getattr",
        "hasattr",
        "callable",
    ]
)
# They take an address as a number: in another process something else is there.
ADDRESSES = frozenset(
    ["from_address", "string_at", "wstring_at", "memoryview_at", "memmove", "memset"]
)
UNDESCRIBED = (CannotDescribeError, AttributeError, RecursionError, ValueError)
MUTABLE = (list, dict, set, bytearray)


class _Rewriter(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in LEFT_ALONE:
            return node
        name = ast.copy_location(ast.Name("__ftstress_call__", ast.Load()), node)
        call = ast.Call(name, [node.func, *node.args], node.keywords)
        return ast.copy_location(call, node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Bases and decorators are left alone, they are about the class."""
        node.body = [self.visit(child) for child in node.body]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.body = [self.visit(child) for child in node.body]
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.body = [self.visit(child) for child in node.body]
        return node


def rewrite(tree: ast.Module) -> ast.Module:
    """The tree with its calls recorded; in place."""
    _Rewriter().visit(tree)
    return ast.fix_missing_locations(tree)


@dataclass
class Recording:
    """What was seen, as text."""

    makers: dict[str, Counter[str]] = field(default_factory=dict)
    """type: expressions that make one, with how often"""
    methods: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)
    """type: method: argument lists"""
    takers: dict[str, Counter[str]] = field(default_factory=dict)
    """type, or list, dict, ...: expressions with `o` for the object"""

    def merge(self, other: "Recording") -> None:
        for kind, makers in other.makers.items():
            self.makers.setdefault(kind, Counter()).update(makers)
        for kind, methods in other.methods.items():
            mine = self.methods.setdefault(kind, {})
            for name, calls in methods.items():
                mine.setdefault(name, Counter()).update(calls)
        for kind, calls in other.takers.items():
            self.takers.setdefault(kind, Counter()).update(calls)

    def as_json(self) -> dict[str, Any]:
        return {"makers": self.makers, "methods": self.methods, "takers": self.takers}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Recording":
        return cls(
            {kind: Counter(makers) for kind, makers in data["makers"].items()},
            {
                kind: {name: Counter(calls) for name, calls in methods.items()}
                for kind, methods in data["methods"].items()
            },
            {kind: Counter(calls) for kind, calls in data["takers"].items()},
        )


class Recorder:
    """Takes calls in; one a process."""

    def __init__(self, wanted: types_of.Wanted) -> None:
        self.recording = Recording()
        self.wanted = wanted
        self._made: dict[int, str] = {}
        self._steps: dict[int, list[str]] = {}
        self._alive: deque[tuple[int, object]] = deque()
        self._counts: Counter[object] = Counter()
        self._tried: Counter[object] = Counter()
        self._busy = False

    def call(self, function: Callable[..., Any], /, *args: Any, **keywords: Any) -> Any:
        """The call, and a look at it."""
        if self._busy or not self._may_matter(function):
            return function(*args, **keywords)
        self._busy = True
        try:
            text = self._before(function, args, keywords)
        finally:
            self._busy = False
        result = function(*args, **keywords)
        if text is not None and not self._busy:
            self._counts[_key_of(function)] += 1
            self._busy = True
            try:
                self._after(function, text, args, keywords, result)
            finally:
                self._busy = False
        return result

    def _may_matter(self, function: object) -> bool:
        if isinstance(function, types.FunctionType | types.MethodType):
            module = getattr(function, "__module__", "") or ""
            if not self.wanted.is_package(module):
                return False
        if getattr(function, "__name__", None) in ADDRESSES:
            return False
        key = _key_of(function)
        self._tried[key] += 1
        return self._tried[key] <= MOST_TRIED and self._counts[key] < ENOUGH

    def known(self, value: object) -> str | None:
        return self._made.get(id(value))

    def _before(
        self, function: object, args: tuple[Any, ...], keywords: dict[str, Any]
    ) -> tuple[str | None, str] | None:
        """The function and the arguments as text: before the call, which may change them. Of an
        object that was made with what has no expression (a mock) the arguments are as good."""
        try:
            arguments = self._arguments(args, keywords)
        except UNDESCRIBED:
            return None
        owner = getattr(function, "__self__", None)
        is_method = owner is not None and not isinstance(owner, types.ModuleType | type)
        try:
            if is_method:
                return f"{describe(owner, self.known)}.{function.__name__}", arguments  # type: ignore[attr-defined]
            return describe(function, self.known), arguments
        except UNDESCRIBED:
            return (None, arguments) if is_method and self.wanted.type_of(owner) else None

    def _arguments(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> str:
        parts = [describe(arg, self.known) for arg in args]
        parts += [f"{key}={describe(value, self.known)}" for key, value in keywords.items()]
        return ", ".join(parts)

    def _after(
        self,
        function: object,
        text: tuple[str | None, str],
        args: tuple[Any, ...],
        keywords: dict[str, Any],
        result: object,
    ) -> None:
        name, arguments = text
        kind = self.wanted.type_of(result)
        whole = f"{name}({arguments})"
        if name and len(whole) <= LONGEST and id(result) not in self._made:
            if kind is not None:
                self.recording.makers.setdefault(kind, Counter())[whole] += 1
                self._remember(result, whole)
            elif self.wanted.packages and self._is_in_python(result):
                self._remember(result, whole)
                self._take_parts(result, whole)
        owner = getattr(function, "__self__", None)
        kind = self.wanted.type_of(owner)
        if kind is not None:
            calls = self.recording.methods.setdefault(kind, {})
            calls.setdefault(function.__name__, Counter())[arguments] += 1  # type: ignore[attr-defined]
            self._step(owner, kind, f"o.{function.__name__}({arguments})", result)  # type: ignore[attr-defined]
        if name:
            self._taken(function, name, args, keywords, result)

    def _is_in_python(self, value: object) -> bool:
        """Is it an object of a class of the package that is written in Python?"""
        kind = type(value)
        return (
            in_python.is_in_python(kind)
            and not isinstance(value, BaseException | type)
            and self.wanted.is_package(kind.__module__)
        )

    def _take_parts(self, owner: object, whole: str) -> None:
        """Many a class in Python stands before one in C, which it makes and keeps."""
        for name, value in list(getattr(owner, "__dict__", {}).items()):
            kind = self.wanted.type_of(value)
            text = f"{whole}.{name}"
            if kind is None or id(value) in self._made or len(text) > LONGEST:
                continue
            self.recording.makers.setdefault(kind, Counter())[text] += 1
            self._remember(value, text)

    def _step(self, owner: object, kind: str, call: str, result: object) -> None:
        """A call on an object that is known: what comes of it may need the calls before it."""
        made = self._made.get(id(owner))
        steps = self._steps.setdefault(id(owner), [])
        if made is None or len(steps) > MOST_STEPS:
            return
        given = self.wanted.type_of(result)
        if given is not None and steps:
            self._made_in_steps(given, made, [*steps, call])
        steps.append(call)
        # One call of an object's own the survey tries anyway.
        if len(steps) > 1 or types_of.is_capsule(kind):
            self._made_in_steps(kind, made, [*steps, "o"])

    def _made_in_steps(self, kind: str, made: str, steps: list[str]) -> None:
        text = f"(lambda o: ({', '.join(steps)})[-1])({made})"
        if len(text) <= LONGEST:
            self.recording.makers.setdefault(kind, Counter())[text] += 1

    def _taken(
        self,
        function: object,
        name: str,
        args: tuple[Any, ...],
        keywords: dict[str, Any],
        result: object,
    ) -> None:
        """Calls that took the object, or a container, as an argument."""
        module = getattr(function, "__module__", None) or ""
        owner = getattr(function, "__self__", None)
        ours = self.wanted.is_package(module) or self.wanted.type_of(owner) is not None
        if isinstance(owner, types.ModuleType):
            ours = ours or self.wanted.is_package(owner.__name__)
        for kind_ in (function, owner):
            if isinstance(kind_, type):
                ours = ours or self.wanted.is_package(kind_.__module__)
        python = isinstance(function, types.FunctionType | types.MethodType)
        if not ours or (python and not is_in_c(function)):
            return
        if isinstance(function, type) and types_of.in_c(function) is not function:
            return
        for i, arg in enumerate(args):
            kind = self.wanted.type_of(arg)
            if kind is None and type(arg) in MUTABLE and arg:
                kind = f"builtins.{type(arg).__name__}"
            if kind is None:
                continue
            try:
                parts = [describe(other, self.known) for other in args]
                value = parts[i]
                parts[i] = "o"
                parts += [f"{k}={describe(v, self.known)}" for k, v in keywords.items()]
            except (CannotDescribeError, RecursionError, ValueError):
                continue
            call = f"{name}({', '.join(parts)})"
            self.recording.takers.setdefault(kind, Counter())[call] += 1
            if types_of.is_capsule(kind):
                self._step(arg, kind, call, result)
            if kind.startswith("builtins."):
                self.recording.makers.setdefault(kind, Counter())[value] += 1

    def _remember(self, value: object, text: str) -> None:
        self._made[id(value)] = text
        self._steps.pop(id(value), None)
        self._alive.append((id(value), value))
        if len(self._alive) > REMEMBERED:
            old, _ = self._alive.popleft()
            self._made.pop(old, None)
            self._steps.pop(old, None)


def _key_of(function: object) -> object:
    return getattr(function, "__qualname__", None) or type(function)


def is_test_file(path: str) -> bool:
    name = os.path.basename(path)  # noqa: PTH119
    folders = path.replace(os.sep, "/").split("/")[:-1]
    return (
        name.startswith("test_")
        or name.endswith(("_test.py", "_tests.py"))
        or name == "conftest.py"
        or "tests" in folders
        or "test" in folders
    )


def install(recorder: Recorder) -> None:
    """From now on test modules are compiled with their calls recorded; nothing of it is cached."""
    builtins.__ftstress_call__ = recorder.call  # type: ignore[attr-defined]
    loader: Any = importlib.machinery.SourceFileLoader
    plain = loader.source_to_code

    def source_to_code(self: Any, data: Any, path: Any, **options: Any) -> Any:
        if isinstance(data, bytes | str) and is_test_file(str(path)):
            try:
                return compile(rewrite(ast.parse(data, path)), path, "exec", dont_inherit=True)
            except (SyntaxError, ValueError, RecursionError):
                pass
        return plain(self, data, path, **options)

    def get_code(self: Any, name: str) -> Any:
        path = self.get_filename(name)
        if is_test_file(path):
            return self.source_to_code(self.get_data(path), path)
        return original(self, name)

    original = loader.get_code
    loader.source_to_code = source_to_code
    loader.get_code = get_code
    _install_in_pytest()


def _is_beside(pytest_file: str, path: str) -> bool:
    """Is it installed where pytest is? Of what has a plugin for it, pytest rewrites all modules.
    They are no tests, and may look at their callers' frames."""
    return Path(path).is_relative_to(Path(pytest_file).parents[2])


def _install_in_pytest() -> None:
    """pytest compiles test modules itself: our turn is before it rewrites the assertions, whose
    nodes have no proper places in the source."""
    try:
        from _pytest.assertion import rewrite as module
    except ImportError:
        return
    pytest_rewrite: Any = module
    rewrite_asserts = pytest_rewrite.rewrite_asserts

    def both(
        tree: ast.Module, source: bytes, path: str | None = None, *args: Any, **keywords: Any
    ) -> None:
        if path is None or is_test_file(path) or not _is_beside(module.__file__, path):
            rewrite(tree)
        rewrite_asserts(tree, source, path, *args, **keywords)

    pytest_rewrite.rewrite_asserts = both
    pytest_rewrite._read_pyc = lambda *args, **keywords: None
    pytest_rewrite._write_pyc = lambda *args, **keywords: False
