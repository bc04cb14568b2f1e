"""Scripts: each file is a test.

A file is run once as `__main__` in the main thread, with FTSTRESS_THREADS and FTSTRESS_SEED in the
environment, and may start threads of its own. If it then defines `stress(thread_index)`, that is
called in T threads, between `setup()` and `check()`, which are optional and run in the main
thread. An exception, or a SystemExit with a status other than 0, is a failure.

`--arg` names a module that the zygote imports, so that the iterations find it imported.
"""

import ast
import glob
import importlib
import os
import sys
import traceback
import types
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..contract import Outcome
from ..failures import describe
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
)
from ..threads import Body, alone, run_alone, run_bodies


class Script(Test):
    """One compiled file."""

    def __init__(self, id_: str, path: Path, code: types.CodeType, unsafe: str | None) -> None:
        self.id = id_
        self._path = path
        self._code = code
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
        stress = getattr(module, "stress", None)
        if stress is None:
            return Result(Outcome.PASSED)
        failures = [
            describe(error, thread)
            for thread, error in enumerate(_run_stress(stress, context))
            if error is not None
        ]
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
        return [[id_] for id_ in ids]

    def collect(self, ids: Sequence[str]) -> tuple[list[Test], list[Problem]]:
        tests: list[Test] = []
        problems: list[Problem] = []
        for id_ in ids:
            path = self._files.get(id_)
            if path is None:
                problems.append(Problem("not-found", f"{id_}: no such script", tests=[id_]))
                continue
            try:
                tree = ast.parse(path.read_bytes(), str(path))
                code = compile(tree, str(path), "exec", dont_inherit=True)
            except (OSError, SyntaxError, ValueError) as error:
                trace = traceback.format_exc()
                problems.append(Problem("import", f"{id_}: {error}", trace, [id_], id_))
                continue
            _import_ahead(tree, path.parent)
            tests.append(Script(id_, path, code, self._options.unsafe_reason(id_)))
        return tests, problems

    def where(self) -> str:
        return (
            f"{' '.join(self._options.targets)} names no file below {self._root}; "
            "folders are not searched: target = FOLDER/*.py"
        )

    def list_tests(self) -> Iterator[Listed | Problem]:
        for id_, path in self._files.items():
            try:
                compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
            except (OSError, SyntaxError, ValueError) as error:
                yield Problem("import", str(error), traceback.format_exc(), file=id_)
                continue
            keywords = [path.name, path.stem]
            yield Listed(id_, id_, keywords, self._options.unsafe_reason(id_))


class ScriptDriver(Driver):
    """driver = script"""

    name = "script"

    def open(self, options: Options) -> Suite:
        return ScriptSuite(options)


def _run_stress(stress: Callable[[int], Any], context: Context) -> list[BaseException | None]:
    def body(thread: int) -> Body:
        return lambda: stress(thread)

    if context.threads == 1:
        return run_alone(body(0), context.turns)
    bodies = [body(thread) for thread in range(context.threads)]
    return run_bodies(bodies, context.rng, context.turns)


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
