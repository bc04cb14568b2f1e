"""--share: objects of the package's types that a test makes are one for all its threads.

A test module is compiled with `f(x)` in its functions as `__ftstress_share__(SITE, f(x))`; what
that does: interpose/turns/share.c. The compiled code is kept in `__pycache__` beside the usual one,
under another name: to compile a package's tests anew takes up to a minute under ThreadSanitizer.
"""

import ast
import builtins
import ctypes
import importlib.machinery
import importlib.util
import marshal
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .pairs.harvest import wanted_types
from .pairs.record import is_test_file

ENVIRONMENT = "FTSTRESS_SHARE"
"""Where packages compiled with ThreadSanitizer are, with colons; empty: CPython's own types."""
CLASSES = "FTSTRESS_PYTHON_CLASSES"
TAG = "ftstressshare1"
"""Of the compiled code's file; another one when the rewriting changes."""
FUNCTION = "__ftstress_share__"


class _Rewriter(ast.NodeTransformer):
    """In functions alone: what a module or a class makes, threads share anyway."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._functions = 0

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not self._functions:
            return node
        place = f"{self._path}:{node.lineno}:{node.col_offset}:{node.end_col_offset}"
        site = zlib.crc32(place.encode()) >> 1
        name = ast.Name(FUNCTION, ast.Load())
        return ast.copy_location(ast.Call(name, [ast.Constant(site), node], []), node)

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        """Decorators and defaults are evaluated where the function is defined."""
        self._functions += 1
        node.body = [self.visit(child) for child in node.body]
        self._functions -= 1
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._visit_function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._visit_function(node)


def rewrite(tree: ast.Module, path: str) -> ast.Module:
    """The tree with what its calls give shared; in place."""
    _Rewriter(path).visit(tree)
    return ast.fix_missing_locations(tree)


def _compile(data: bytes, path: str) -> Any:
    return compile(rewrite(ast.parse(data, path), path), path, "exec", dont_inherit=True)


def _code_of(data: bytes, path: str) -> Any:
    """From the cache, if it is of this source."""
    stamp = importlib.util.MAGIC_NUMBER + importlib.util.source_hash(data)
    cache = Path(importlib.util.cache_from_source(path, optimization=TAG))
    try:
        kept = cache.read_bytes()
        if kept.startswith(stamp):
            return marshal.loads(kept[len(stamp) :])
    except (OSError, ValueError, EOFError, TypeError):
        pass
    code = _compile(data, path)
    try:
        cache.parent.mkdir(exist_ok=True)
        unready = cache.with_suffix(f".{os.getpid()}")
        unready.write_bytes(stamp + marshal.dumps(code))
        unready.replace(cache)
    except OSError:
        pass  # a folder that is not ours to write to
    return code


def _rewrite_imports() -> None:
    loader: Any = importlib.machinery.SourceFileLoader
    plain = loader.get_code

    def get_code(self: Any, name: str) -> Any:
        path = self.get_filename(name)
        if is_test_file(path):
            try:
                return _code_of(self.get_data(path), path)
            except (SyntaxError, ValueError, RecursionError):
                pass
        return plain(self, name)

    loader.get_code = get_code


def _rewrite_in_pytest() -> None:
    """pytest compiles test modules itself, and keeps them under a name of its own."""
    try:
        from _pytest.assertion import rewrite as module
    except ImportError:
        return
    pytest_rewrite: Any = module
    rewrite_asserts = pytest_rewrite.rewrite_asserts

    def both(tree: ast.Module, source: bytes, path: str | None = None, *rest: Any) -> None:
        rewrite(tree, path or "")
        rewrite_asserts(tree, source, path, *rest)

    pytest_rewrite.rewrite_asserts = both
    pytest_rewrite.PYC_TAIL = f".{pytest_rewrite.PYTEST_TAG}-{TAG}.pyc"


def _all_types() -> list[type]:
    found: dict[type, None] = {}
    waiting: list[type] = [object]
    while waiting:
        subclasses: list[type] = type.__subclasses__(waiting.pop())
        for kind in subclasses:
            if kind not in found:
                found[kind] = None
                waiting.append(kind)
    return list(found)


def _is_lock(kind: type) -> bool:
    """The second to acquire one that is shared would wait for ever."""
    return hasattr(kind, "acquire") and hasattr(kind, "release")


class Sharing:
    """Of a zygote and its iterations. Used by the main thread."""

    def __init__(self, sites: list[Path], classes: str = "auto") -> None:
        """classes: are objects of classes in Python shared, too (pairs/harvest.py)?"""
        self._wanted = wanted_types(sites, classes)
        library = ctypes.PyDLL(None)
        self._types, self._begin = library.ftstress_share_types, library.ftstress_share_begin
        self._end = library.ftstress_share_end
        library.ftstress_share_function.restype = ctypes.py_object
        setattr(builtins, FUNCTION, library.ftstress_share_function())
        self._addresses: Any = None

    def install(self) -> None:
        """Before test modules are imported."""
        _rewrite_imports()
        _rewrite_in_pytest()

    def look_for_types(self) -> None:
        """At the start of an iteration: those of the package that are known by then."""
        wanted = [kind for kind in _all_types() if self._wanted.judge(kind) and not _is_lock(kind)]
        addresses = sorted(id(kind) for kind in wanted)
        self._addresses = (ctypes.c_size_t * len(addresses))(*addresses)
        self._types(self._addresses, ctypes.c_uint32(len(addresses)))

    @contextmanager
    def of_test(self, threads: int) -> Iterator[None]:
        """While the threads of a test run."""
        if threads < 2:
            yield
            return
        self._begin()
        try:
            yield
        finally:
            self._end()


def from_environment() -> Sharing | None:
    """What the runner asks for."""
    sites = os.environ.pop(ENVIRONMENT, None)
    if sites is None or not hasattr(ctypes.PyDLL(None), "ftstress_share_function"):
        return None
    classes = os.environ.pop(CLASSES, "auto")
    return Sharing([Path(site) for site in sites.split(":") if site], classes)
