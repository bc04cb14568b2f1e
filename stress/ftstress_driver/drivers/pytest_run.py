"""Runs one pytest item in T threads.

Set-up, tear-down and the verdict are pytest's own: its hooks are called as its runner does
(_pytest/runner.py, runtestprotocol), so that fixtures, marks and plugins act as ever. Only the
call of the test function is replaced: that happens in T threads, whose exceptions are kept, and
the one that decides is raised again for pytest to judge (skip, xfail, ...).
"""

import inspect
import sys
import unittest
from collections.abc import Callable, Collection, Generator, Sequence
from typing import Any

import pytest
from _pytest.runner import CallInfo
from _pytest.unittest import TestCaseFunction

from ..contract import Outcome
from ..failures import Failure, describe, describe_all
from ..suite import Context, Result
from ..threads import Body, run_alone, run_bodies
from . import roles
from .cases import CaseThread, fresh_instance
from .pytest_roles import add_pairs, arguments_of, functions_of, preparation_of
from .pytest_unsafe import ThreadRules

try:
    from _pytest.skipping import xfailed_key
except ImportError:  # the verdict then rests on the first exception
    xfailed_key = None  # type: ignore[assignment]

WARNINGS_ARE_PER_THREAD = bool(getattr(sys.flags, "context_aware_warnings", 0))

Errors = list[BaseException | None]
NO_VERDICT = (pytest.skip.Exception, unittest.SkipTest, pytest.xfail.Exception)


class StressPlugin:
    """What the driver hooks into pytest: lazy collecting, and calls in threads."""

    def __init__(self) -> None:
        self.deferred: dict[str, object] | None = None
        """While a module or class is collected: takes its members instead of making items."""
        self.wanted: frozenset[str] | None = None
        """Item names that are made of a parametrized function; None = all."""
        self._context: Context | None = None
        self._errors: Errors = []
        self._subtests: list[Failure] = []
        self._result = Result(Outcome.PASSED)

    # Collecting.

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makeitem(
        self, collector: pytest.Collector, name: str, obj: object
    ) -> list[pytest.Item] | None:
        if self.deferred is None:
            add_pairs(collector, obj)
            return None
        self.deferred[name] = obj
        return []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> Generator[None, Any, Any]:
        for mark in metafunc.definition.iter_markers("parametrize"):
            keep_values(mark)
        result = yield
        if self.wanted is not None:
            name = metafunc.definition.name
            calls = [call for call in metafunc._calls if f"{name}[{call.id}]" in self.wanted]
            if calls:
                metafunc._calls = calls
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """A module that leaves at import is a file with an error, not the end of the session."""
        try:
            return (yield)
        except SystemExit as error:
            text = f"SystemExit at import: {error.code}"
            return pytest.CollectReport(collector.nodeid, "failed", text, [])

    # Running.

    def run(self, item: pytest.Item, context: Context) -> Result:
        """Runs `item`; raises nothing but what leaves pytest's hooks by a fault of a plugin."""
        self._context = context
        self._errors = []
        self._subtests = []
        self._result = Result(Outcome.PASSED)
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        finally:
            self._context = None
        return self._result

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        context = self._context
        if context is None:
            return None
        if isinstance(item, TestCaseFunction):
            item.runtest = lambda: self._run_case(item, context)  # type: ignore[method-assign]
        self._phase(item, "setup")
        if self._result.outcome is Outcome.PASSED:
            self._phase(item, "call")
        following = context.next_test()
        self._phase(item, "teardown", nextitem=getattr(following, "item", None))
        item._request = False  # type: ignore[attr-defined]
        item.funcargs = None  # type: ignore[attr-defined]
        return True

    @pytest.hookimpl
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        context = self._context
        if context is None or is_async(pyfuncitem.obj):
            return None
        self._errors = run(bodies_of(pyfuncitem, context), preparation_of(pyfuncitem), context)
        raise_decisive(self._errors, pyfuncitem)
        return True

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: Any) -> None:
        """Reports of subtests come here; a test's own are not logged."""
        if report.failed and not hasattr(report, "wasxfail"):
            text = str(report.longrepr)
            self._subtests.append(Failure(0, "subtest", _last_line(text), text))

    def _run_case(self, item: TestCaseFunction, context: Context) -> None:
        cases = [CaseThread(lambda: fresh_instance(item.instance)) for _ in range(context.threads)]
        raised = run([case.body for case in cases], lambda thread: None, context)
        skips: list[str] = []
        self._errors = []
        for case, error in zip(cases, raised, strict=True):
            errors = case.outcome.errors
            self._errors.append(error or (errors[0] if errors else None))
            if case.outcome.skip is not None:
                skips.append(case.outcome.skip)
        raise_decisive(self._errors, item)
        if skips:
            pytest.skip(skips[0])

    def _phase(self, item: pytest.Item, when: Any, **arguments: Any) -> None:
        """One of set-up, call, tear-down, and what it makes of the result."""
        hook = getattr(item.ihook, f"pytest_runtest_{when}")
        call = CallInfo.from_call(lambda: hook(item=item, **arguments), when=when)
        # Of the report the outcome counts: describe() makes the traceback.
        style, item.config.option.tbstyle = item.config.option.tbstyle, "no"
        report = item.ihook.pytest_runtest_makereport(item=item, call=call)
        item.config.option.tbstyle = style
        if report.skipped:
            if self._result.outcome is Outcome.PASSED:
                self._result.outcome = Outcome.SKIPPED
            return
        failed = report.failed or (when == "call" and bool(self._subtests))
        if not failed:
            return
        if when == "call":
            self._result.outcome = Outcome.FAILED
            self._result.failures.extend(self._call_failures(call, report))
        else:
            self._result.outcome = Outcome.ERROR
            self._result.failures.append(_describe_report(call, report))

    def _call_failures(self, call: CallInfo[Any], report: pytest.TestReport) -> list[Failure]:
        failures = list(
            describe_all(
                [None if isinstance(error, NO_VERDICT) else error for error in self._errors]
            )
        )
        failures.extend(self._subtests)
        return failures or [_describe_report(call, report)]


def keep_values(mark: pytest.Mark) -> None:
    """Makes a list of the values that a parametrize mark would hand out only once.

    pytest evaluates a mark once in a session, this driver once a slice.
    """
    arguments = mark.args
    if len(arguments) > 1 and not isinstance(arguments[1], Collection):
        # Mark is frozen, but this very object is what the test function carries.
        object.__setattr__(mark, "args", (arguments[0], list(arguments[1]), *arguments[2:]))
    values = mark.kwargs.get("argvalues")
    if values is not None and not isinstance(values, Collection):
        object.__setattr__(mark, "kwargs", {**mark.kwargs, "argvalues": list(values)})


class AsyncSkips:
    """Skips an async test that no plugin runs; pytest itself would fail it."""

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
        try:
            return (yield)
        except pytest.fail.Exception as error:
            if is_async(pyfuncitem.obj) and "not natively supported" in str(error):
                pytest.skip("an async test, and no plugin that runs it")
            raise


def is_async(function: object) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def run(bodies: Sequence[Body], prepare: Callable[[int], object], context: Context) -> Errors:
    """The bodies in threads, a single one in this thread, after what each of these prepares."""
    if len(bodies) == 1:
        return run_alone(lambda: (prepare(0), bodies[0]()), context.turns)
    errors = run_bodies(bodies, context.rng, context.turns, prepare)
    if WARNINGS_ARE_PER_THREAD:
        return errors
    # A filter that makes warnings errors is then another thread's, as pytest-run-parallel knows.
    return [None if isinstance(error, Warning) else error for error in errors]


def bodies_of(item: pytest.Function, context: Context) -> list[Body]:
    """What each thread does: the item's function as often as a mark says. Of two roles each thread
    has one, a single thread both."""
    arguments = thread_arguments(item, context.threads, ThreadRules.iterations(item))
    names = arguments_of(item)
    functions = list(enumerate(functions_of(item)))
    if context.threads == 1:
        parts = [functions]
    else:
        parts = [[part] for part in roles.deal(functions, context.threads, context.rng)]

    def body(thread: int) -> Body:
        calls = [
            (function, {name: own[name] for name in names[role]} if names else own)
            for role, function in parts[thread]
            for own in arguments[thread]
        ]
        return lambda: [function(**own) for function, own in calls] and None

    return [body(thread) for thread in range(context.threads)]


def thread_arguments(
    item: pytest.Function, threads: int, iterations: int
) -> list[list[dict[str, Any]]]:
    """Each thread's arguments for each of its iterations.

    Fixture values are shared by the threads, but for those that pytest-run-parallel makes per
    thread: thread_index, iteration_index and the temporary directories.
    """
    names = item._fixtureinfo.argnames
    shared = {name: item.funcargs[name] for name in names}

    def arguments(thread: int, iteration: int) -> dict[str, Any]:
        own: dict[str, Any] = dict(shared)
        if threads == 1 and iterations == 1:
            return own
        part = f"thread_{thread}_iter_{iteration}"
        if "thread_index" in own:
            own["thread_index"] = thread
        if "iteration_index" in own:
            own["iteration_index"] = iteration
        if "tmp_path" in own:
            own["tmp_path"] = own["tmp_path"] / part
            own["tmp_path"].mkdir()
        if "tmpdir" in own:
            own["tmpdir"] = own["tmpdir"].ensure(part, dir=True)
        return own

    return [[arguments(thread, i) for i in range(iterations)] for thread in range(threads)]


def raise_decisive(errors: Errors, item: pytest.Item) -> None:
    """Raises the exception by which pytest shall judge the test, if any thread raised.

    A failure that an xfail mark doesn't expect comes first, then a failure, then xfail(), then
    a skip.
    """
    present = [error for error in errors if error is not None]
    if present:
        raise min(present, key=lambda error: _rank(error, _expected(item)))


def _rank(error: BaseException, expected: Callable[[BaseException], bool]) -> int:
    if isinstance(error, pytest.skip.Exception | unittest.SkipTest):
        return 3
    if isinstance(error, pytest.xfail.Exception):
        return 2
    return 1 if expected(error) else 0


def _expected(item: pytest.Item) -> Callable[[BaseException], bool]:
    """Whether the item's xfail mark with `raises` foresees an exception."""
    mark = item.stash.get(xfailed_key, None) if xfailed_key is not None else None
    raises = getattr(mark, "raises", None)
    if raises is None:
        return lambda error: False
    if isinstance(raises, type | tuple):
        return lambda error: isinstance(error, raises)
    return lambda error: bool(raises.matches(error))


def _describe_report(call: CallInfo[Any], report: pytest.TestReport) -> Failure:
    if call.excinfo is not None:
        return describe(call.excinfo.value, None)
    text = str(report.longrepr)
    return Failure(None, "XPASS" if "XPASS" in text else "failed", text, "")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("E ").strip() if lines else ""
