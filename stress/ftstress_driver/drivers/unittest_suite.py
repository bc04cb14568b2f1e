"""A suite of unittest.TestCase classes, above all CPython's own `test` package.

A test's id is what TestCase.id() gives: `test.test_dict.DictTest.test_get`. Only tests that can be
found again by that name take part; doctests and cases made by load_tests with arguments can't.

Modules and classes are set up and torn down as unittest.suite.TestSuite does, once each while
their tests follow one another; each thread has an instance of its own.
"""

import importlib
import inspect
import pkgutil
import sys
import traceback
import types
import unittest
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..contract import Outcome
from ..failures import describe, describe_all
from ..suite import (
    Context,
    Listed,
    Options,
    Problem,
    Result,
    Suite,
    SuiteError,
    Test,
)
from ..threads import run_alone, run_bodies
from .cases import CaseThread
from .unittest_unsafe import unsafe_reason

CaseClass = type[unittest.TestCase]


class Fixtures:
    """Which module and class are set up. One object an iteration's process."""

    def __init__(self) -> None:
        self._module: str | None = None
        self._class: CaseClass | None = None
        self._blocked: BaseException | None = None

    def enter(self, kind: CaseClass) -> BaseException | None:
        """Sets up what `kind` needs and isn't set up; returns what kept it from that."""
        if kind is self._class:
            return self._blocked
        self._class = kind
        if kind.__module__ != self._module:
            self._module = kind.__module__
            self._blocked = _attempt(getattr(sys.modules[self._module], "setUpModule", None))
            if self._blocked is not None:
                _attempt(unittest.doModuleCleanups)
                self._class = None
                self._module = None
                return self._blocked
        self._blocked = _attempt(kind.setUpClass)
        if self._blocked is not None:
            _attempt(kind.doClassCleanups)
        return self._blocked

    def leave(self, following: CaseClass | None) -> list[BaseException]:
        """Tears down what the class that follows does not share; returns what was raised."""
        errors: list[BaseException | None] = []
        kind = self._class
        if kind is not None and following is kind:
            return []
        if kind is not None and self._blocked is None:
            errors.append(_attempt(kind.tearDownClass))
            errors.append(_attempt(kind.doClassCleanups))
            errors.extend(error for _, error, _ in getattr(kind, "tearDown_exceptions", []))
        self._class = None
        # Behind tests that were skipped, a module is set up without a class.
        if self._module is not None and (following is None or following.__module__ != self._module):
            errors.append(_attempt(getattr(sys.modules[self._module], "tearDownModule", None)))
            errors.append(_attempt(unittest.doModuleCleanups))
            self._module = None
        return [error for error in errors if error is not None]


class UnittestTest(Test):
    """A method of a TestCase class."""

    def __init__(
        self, id_: str, kind: CaseClass, method: str, fixtures: Fixtures, unsafe: str | None
    ) -> None:
        self.id = id_
        self.kind = kind
        self._method = method
        self._fixtures = fixtures
        self._unsafe = unsafe

    def threads(self, wanted: int) -> int:
        return 1 if self._unsafe else wanted

    def run(self, context: Context) -> Result:
        if _is_skipped(self.kind, self._method):
            result = Result(Outcome.SKIPPED)
        else:
            result = self._run(context)
        following = context.next_test()
        next_kind = following.kind if isinstance(following, UnittestTest) else None
        errors = self._fixtures.leave(next_kind)
        if errors:
            result.outcome = Outcome.ERROR
            result.failures.extend(describe(error, None) for error in errors)
        return result

    def _run(self, context: Context) -> Result:
        blocked = self._fixtures.enter(self.kind)
        if isinstance(blocked, unittest.SkipTest):
            return Result(Outcome.SKIPPED)
        if blocked is not None:
            return Result(Outcome.ERROR, [describe(blocked, None)])
        threads = [CaseThread(lambda: self.kind(self._method)) for _ in range(context.threads)]
        bodies = [thread.body for thread in threads]
        if len(bodies) == 1:
            raised = run_alone(bodies[0], context.turns)
        else:
            raised = run_bodies(bodies, context.rng, context.turns)
        failures = list(
            describe_all(
                [
                    thread.outcome.errors[0] if thread.outcome.errors else error
                    for thread, error in zip(threads, raised, strict=True)
                ]
            )
        )
        if failures:
            return Result(Outcome.FAILED, failures)
        skipped = any(thread.outcome.skip is not None for thread in threads)
        return Result(Outcome.SKIPPED if skipped else Outcome.PASSED)


def _module_of(test: str) -> str:
    return test.rpartition(".")[0].rpartition(".")[0]


class UnittestSuite(Suite):
    """Modules and packages of test cases."""

    scratch_is_cwd = True

    def __init__(self, options: Options) -> None:
        self._options = options
        self._fixtures = Fixtures()
        self._nameless: list[str] = []
        for target in options.targets:
            try:
                importlib.import_module(target)
            except unittest.SkipTest as error:
                raise SuiteError(f"target {target}: skipped at import: {error}") from error
            except ModuleNotFoundError as error:
                if f"{target}.".startswith(f"{error.name}."):
                    raise SuiteError(f"target {target}: can't be imported: {error}") from error
            except Exception:
                pass  # one module that can't be imported: list_tests tells of it
        _prepare_cpython_tests(options.args)

    def group(self, ids: Sequence[str]) -> list[list[str]]:
        modules: dict[str, list[str]] = {}
        for id_ in ids:
            modules.setdefault(_module_of(id_), []).append(id_)
        return list(modules.values())

    def collect(self, ids: Sequence[str]) -> tuple[list[Test], list[Problem]]:
        tests: list[Test] = []
        problems: list[Problem] = []
        for id_ in ids:
            try:
                kind, method = find_case(id_)
            except unittest.SkipTest:
                tests.append(_ModuleSkipped(id_))
            except LookupError as error:
                problems.append(Problem("not-found", f"{id_}: {error}", tests=[id_]))
            except BaseException as error:
                module = _module_of(id_)
                text = f"{module}: {type(error).__name__}: {error}".splitlines()[0]
                problems.append(Problem("import", text, traceback.format_exc(), [id_], module))
            else:
                reason = self._options.unsafe_reason(id_) or unsafe_reason(kind, method)
                tests.append(UnittestTest(id_, kind, method, self._fixtures, reason))
        return tests, problems

    def list_tests(self) -> Iterator[Listed | Problem]:
        for target in self._options.targets:
            for module in modules_of(target):
                yield from self._list_module(module)
        if self._nameless:
            self.notes = [
                "tests that can't be called by name (doctests, made by load_tests) are left out: "
                + ", ".join(self._nameless)
            ]

    def where(self) -> str:
        places = [
            f"{target} ({inspect.getsourcefile(sys.modules[target]) or 'no file'})"
            for target in self._options.targets
            if target in sys.modules
        ]
        return (
            f"no class of unittest.TestCase in {', '.join(places)}; of a package, its modules "
            "named test* are looked at: is another module the target?"
        )

    def _list_module(self, name: str) -> Iterator[Listed | Problem]:
        try:
            module = importlib.import_module(name)
            found = list(_cases(unittest.TestLoader().loadTestsFromModule(module)))
        except unittest.SkipTest:
            return
        except BaseException as error:
            text = f"{type(error).__name__}: {error}".splitlines()[0]
            yield Problem("import", text, traceback.format_exc(), file=name)
            return
        nameless = 0
        for case in found:
            id_ = case.id()
            try:
                kind, method = find_case(id_)
            except Exception:
                nameless += 1
                continue
            reason = self._options.unsafe_reason(id_) or unsafe_reason(kind, method)
            yield Listed(id_, _file_of(sys.modules[kind.__module__]), id_.split("."), reason)
        if nameless:
            self._nameless.append(f"{name} ({nameless} of {len(found)})")


class _ModuleSkipped(Test):
    """A test whose module raises SkipTest at import here."""

    def __init__(self, id_: str) -> None:
        self.id = id_

    def threads(self, wanted: int) -> int:
        return 1

    def run(self, context: Context) -> Result:
        return Result(Outcome.SKIPPED)


def find_case(id_: str) -> tuple[CaseClass, str]:
    """Class and method of an id. Raises LookupError, or what the import raises."""
    parts = id_.split(".")
    for count in range(len(parts) - 2, 0, -1):
        name = ".".join(parts[:count])
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
                continue
            raise
        _let_load_tests_act(module)
        found: Any = module
        for part in parts[count:-1]:
            found = getattr(found, part, None)
        if (
            isinstance(found, type)
            and issubclass(found, unittest.TestCase)
            and callable(getattr(found, parts[-1], None))
        ):
            return found, parts[-1]
        break
    raise LookupError("no such test")


def modules_of(target: str) -> list[str]:
    """The test modules of a package, or the module itself."""
    if target == "test":
        from test.libregrtest.findtests import findtests

        return [name if name.startswith("test.") else f"test.{name}" for name in findtests()]
    try:
        module = importlib.import_module(target)
    except Exception:
        return [target]
    if not hasattr(module, "__path__") or hasattr(module, "load_tests"):
        return [target]
    names = [info.name for info in pkgutil.walk_packages(module.__path__, f"{target}.")]
    tests = [name for name in names if name.rpartition(".")[2].startswith("test")]
    return tests or [target]


def _let_load_tests_act(module: types.ModuleType) -> None:
    """A module's load_tests may complete its classes (test.test_io): it is called once."""
    if hasattr(module, "load_tests") and module.__name__ not in _loaded:
        _loaded.add(module.__name__)
        unittest.TestLoader().loadTestsFromModule(module)


_loaded: set[str] = set()


def _cases(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from _cases(test)
        elif isinstance(test, unittest.loader._FailedTest):  # type: ignore[attr-defined]
            raise test._exception
        else:
            yield test


def _attempt(function: Callable[[], Any] | None) -> BaseException | None:
    if function is None:
        return None
    try:
        function()
    except BaseException as error:
        return error
    return None


def _is_skipped(kind: CaseClass, method: str) -> bool:
    return getattr(kind, "__unittest_skip__", False) or getattr(
        getattr(kind, method), "__unittest_skip__", False
    )


def _file_of(module: types.ModuleType) -> str:
    """Tests of a module that stands alone come from its file, by the file's own name."""
    file = inspect.getsourcefile(module) or module.__name__
    depth = module.__name__.count(".") + (1 if Path(file).name == "__init__.py" else 0)
    return "/".join(Path(file).parts[-depth - 1 :])


def _prepare_cpython_tests(arguments: Sequence[str]) -> None:
    """What libregrtest sets up for CPython's tests: quiet, and no resource but those asked for.

    `-uNAME,NAME` enables resources (network, cpu, largefile, ...) as for `python -m test`.
    """
    support: Any = sys.modules.get("test.support")
    if support is None:
        if "test" not in sys.modules:
            return
        support = importlib.import_module("test.support")
    resources: list[str] = []
    words = iter(arguments)
    for word in words:
        if word.startswith("-u"):
            resources.extend((word.removeprefix("-u") or next(words, "")).split(","))
    support.verbose = 0
    support.use_resources = dict.fromkeys(filter(None, resources))
    support.record_original_stdout(sys.stdout)
