"""Scripts: each file is a test.

A file is run once as `__main__` in the main thread, with FTSTRESS_THREADS and FTSTRESS_SEED in the
environment, and may start threads of its own. If it then defines `stress(thread_index)`, that is
called in T threads, between `setup()` and `check()`, which are optional and run in the main
thread. `setup_thread(thread_index)` is called by each of the threads before they meet. An
exception, or a SystemExit with a status other than 0, is a failure.

Functions `stress_NAME(thread_index)` of the file are roles (roles.py): each pair is a test of its
own, `FILE::stress_A+stress_B`, of which each thread runs one. The file alone is a test too if it
defines `stress`, or no roles.

`--arg` names a module that the zygote imports, so that the iterations find it imported.
"""

import ast
import glob
import importlib
import importlib.util
import os
import symtable
import sys
import traceback
import types
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..contract import Outcome
from ..failures import describe, describe_all
from ..suite import (
    Context,
    Driver,
    Listed,
    Options,
    Problem,
    Result,
    Suite,
    SuiteError,
    Test,
    group_by_file,
)
from ..threads import Body, alone, run_alone, run_bodies
from . import roles

ROLE = "stress_"
"""What the name of a role begins with."""

Stress = Callable[[int], Any]


class Source:
    """A file that compiles. Raises what reading and compiling it raise."""

    def __init__(self, id_: str, path: Path) -> None:
        text = importlib.util.decode_source(path.read_bytes())
        self.id = id_
        self.path = path
        self.tree = ast.parse(text, str(path))
        self.code = compile(self.tree, str(path), "exec", dont_inherit=True)
        self._names = symtable.symtable(text, str(path), "exec")

    def tests(self) -> dict[str, tuple[str, ...]]:
        """The file's tests, and the functions that the threads of each run."""
        inner = {child.get_name() for child in self._names.get_children() if _is_function(child)}
        pairs = roles.pairs([name for name in inner if name.startswith(ROLE)])
        tests: dict[str, tuple[str, ...]] = {
            f"{self.id}::{roles.SEPARATOR.join(pair)}": pair for pair in pairs
        }
        if not pairs or "stress" in self._names.get_identifiers():
            tests[self.id] = ("stress",)
        return tests


class Script(Test):
    """One test of a file."""

    def __init__(
        self, id_: str, source: Source, functions: Sequence[str], unsafe: str | None
    ) -> None:
        self.id = id_
        self._path = source.path
        self._code = source.code
        self._functions = functions
        self._unsafe = unsafe

    def threads(self, wanted: int) -> int:
        return 1 if self._unsafe else wanted

    def run(self, context: Context) -> Result:
        os.environ["FTSTRESS_THREADS"] = str(context.threads)
        module = types.ModuleType("__main__")
        module.__file__ = str(self._path)
        sys.modules["__main__"] = module
        sys.argv = [str(self._path)]
        sys.path.insert(0, str(self._path.parent))
        imported = set(sys.modules)
        try:
            return self._run(module, context)
        finally:
            if str(self._path.parent) in sys.path:
                sys.path.remove(str(self._path.parent))
            self._forget(set(sys.modules) - imported)

    def _forget(self, names: set[str]) -> None:
        """Another script may have other modules of these names beside it."""
        for name in names:
            file = getattr(sys.modules[name], "__file__", None)
            if file is not None and Path(file).is_relative_to(self._path.parent):
                del sys.modules[name]

    def _run(self, module: types.ModuleType, context: Context) -> Result:
        with alone(context.turns):
            error = _call(lambda: exec(self._code, module.__dict__))
        if error is None:
            error = _call(getattr(module, "setup", None))
        if error is not None:
            return Result(Outcome.FAILED, [describe(error, None)])
        stress = [vars(module)[name] for name in self._functions if name in vars(module)]
        if len(stress) < len(self._functions):  # a role may be there on some platforms only
            return Result(Outcome.SKIPPED if len(self._functions) > 1 else Outcome.PASSED)
        prepare = getattr(module, "setup_thread", lambda thread_index: None)
        failures = list(describe_all(_run_stress(stress, prepare, context)))
        error = _call(getattr(module, "check", None))
        if error is not None:
            failures.append(describe(error, None))
        return Result(Outcome.FAILED if failures else Outcome.PASSED, failures)


class ScriptSuite(Suite):
    """The files that the targets name."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.rootdir = self._root = options.rootdir or Path.cwd()
        self._files: dict[str, Path] = {}
        for target in options.targets:
            self._add(target)
        for name in options.args:
            importlib.import_module(name)

    def _add(self, target: str) -> None:
        matches = sorted(glob.glob(target, root_dir=self._root, recursive=True))  # noqa: PTH207
        if not matches:
            raise SuiteError(f"target {target}: no such file below {self._root}")
        for match in matches:
            path = self._root / match
            if path.is_file():
                inside = path.is_relative_to(self._root)
                self._files[str(path.relative_to(self._root) if inside else path)] = path

    def group(self, ids: Sequence[str]) -> list[list[str]]:
        return group_by_file(ids)

    def collect(self, ids: Sequence[str]) -> tuple[list[Test], list[Problem]]:
        file = ids[0].partition("::")[0]
        path = self._files.get(file)
        if path is None:
            return [], [Problem("not-found", f"{file}: no such script", tests=list(ids))]
        try:
            source = Source(file, path)
        except (OSError, SyntaxError, ValueError) as error:
            trace = traceback.format_exc()
            return [], [Problem("import", f"{file}: {error}", trace, list(ids), file)]
        _import_ahead(source.tree, path.parent)
        known = source.tests()
        found = [id_ for id_ in ids if id_ in known]
        tests: list[Test] = [
            Script(id_, source, known[id_], self._options.unsafe_reason(id_)) for id_ in found
        ]
        problems = [
            Problem("not-found", f"{id_}: {file} defines no such functions", tests=[id_])
            for id_ in ids
            if id_ not in known
        ]
        return tests, problems

    def where(self) -> str:
        return (
            f"{' '.join(self._options.targets)} names no file below {self._root}; "
            "folders are not searched: target = FOLDER/*.py"
        )

    def list_tests(self) -> Iterator[Listed | Problem]:
        for id_, path in self._files.items():
            try:
                source = Source(id_, path)
            except (OSError, SyntaxError, ValueError) as error:
                text = f"{type(error).__name__}: {error}"
                yield Problem("import", text, traceback.format_exc(), file=id_)
                continue
            for test in source.tests():
                names = [path.name, path.stem, *filter(None, [test.partition("::")[2]])]
                yield Listed(test, id_, names, self._options.unsafe_reason(test))


class ScriptDriver(Driver):
    """driver = script"""

    def open(self, options: Options) -> Suite:
        return ScriptSuite(options)


def _run_stress(
    stress: Sequence[Stress], prepare: Stress, context: Context
) -> list[BaseException | None]:
    def body(function: Stress, thread: int) -> Body:
        return lambda: function(thread)

    if context.threads == 1:
        each = dict.fromkeys(stress)
        return run_alone(lambda: [function(0) for function in [prepare, *each]], context.turns)
    dealt = roles.deal(stress, context.threads, context.rng)
    bodies = [body(function, thread) for thread, function in enumerate(dealt)]
    return run_bodies(bodies, context.rng, context.turns, prepare)


def _is_function(scope: symtable.SymbolTable) -> bool:
    return isinstance(scope, symtable.Function)


def _call(function: Callable[[], Any] | None) -> BaseException | None:
    """What `function` raised; leaving with status 0 is no error."""
    if function is None:
        return None
    try:
        function()
    except SystemExit as leave:
        return None if leave.code in (None, 0) else leave
    except BaseException as error:
        return error
    return None


def _import_ahead(tree: ast.Module, directory: Path) -> None:
    """Imports in the zygote what the script imports at its top, so that it costs once.

    Modules beside the script are its own: they are imported by each iteration anew.
    """
    names: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.Import):
            names.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.append(node.module)
    for name in names:
        own = directory / name.partition(".")[0]
        if own.is_dir() or own.with_suffix(".py").exists():
            continue
        try:
            importlib.import_module(name)
        except Exception:
            continue  # the script itself will say so, with its own traceback


DRIVER = ScriptDriver()
