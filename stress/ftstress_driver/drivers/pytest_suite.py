"""A pytest suite: a session of pytest's own, whose tree is grown only where a slice needs it.

Collecting all of NumPy takes minutes under TSan, so the tree keeps directories, modules and
classes, and makes items for a slice only. pytest collects a module by offering each member to
pytest_pycollect_makeitem: the first time, the plugin takes the members in and makes nothing of
them; later, a wanted member is offered again and makes its items.

    Session -> Dir/Package ... -> Module -> Class      kept, collected once (fixtures register once)
                                    |         |
                                    +---------+--> items of the slice, dropped with it
"""

import importlib.util
import os
import sys
import traceback
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from _pytest.config import ConftestImportFailure, _prepareconfig
from _pytest.main import Session
from _pytest.mark import KeywordMatcher
from _pytest.runner import collect_one_node

from ..contract import Outcome
from ..installed import built_packages
from ..suite import (
    Context,
    Listed,
    Options,
    Problem,
    Result,
    Suite,
    SuiteError,
    Test,
    group_by_file,
)
from . import hypothesis_limits
from .pytest_options import SWITCHED_OFF, LeftOut
from .pytest_run import AsyncSkips, StressPlugin
from .pytest_unsafe import ThreadRules

OWN_ARGUMENTS = (
    *(f"-pno:{name}" for name in SWITCHED_OFF),
    *("--capture=no", "--tb=native", "-q", "--color=no"),
    # A module that switches it on is a finding; where warnings are errors, tests would stop.
    "-Wignore:The global interpreter lock (GIL) has been enabled:RuntimeWarning",
)


class PytestTest(Test):
    """An item."""

    def __init__(
        self, id_: str, item: pytest.Item, plugin: StressPlugin, unsafe: str | None
    ) -> None:
        self.id = id_
        self.item = item
        self._plugin = plugin
        self._unsafe = unsafe

    def threads(self, wanted: int) -> int:
        return 1 if self._unsafe else ThreadRules.limit(self.item, wanted)

    def run(self, context: Context) -> Result:
        hypothesis_limits.limit_item(self.item)
        return self._plugin.run(self.item, context)


class SkippedTest(Test):
    """A test whose module was skipped at import."""

    def __init__(self, id_: str) -> None:
        self.id = id_

    def threads(self, wanted: int) -> int:
        return 1

    def run(self, context: Context) -> Result:
        return Result(Outcome.SKIPPED)


class UnavailableError(Exception):
    """A node could not be collected."""

    def __init__(self, what: str, message: str, trace: str = "") -> None:
        super().__init__(message)
        self.what = what
        self.trace = trace


@dataclass
class _Branch:
    """A collector and what became of collecting it."""

    failure: UnavailableError | None = None
    children: list[pytest.Item | pytest.Collector] = field(default_factory=list)
    deferred: dict[str, object] = field(default_factory=dict)
    """Members that may be tests, by name; a class stays in `children` once it was made."""


class PytestSuite(Suite):
    """One pytest session for the life of the zygote."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._plugin = StressPlugin()
        self._branches: dict[pytest.Collector, _Branch] = {}
        self._places = places = Places(options)
        self.scratch_is_cwd = places.all_installed
        self.rootdir = places.rootdir
        os.chdir(places.start)
        left_out = LeftOut()
        arguments = [*left_out.strip(options.args), *OWN_ARGUMENTS]
        arguments += [f"--rootdir={places.rootdir}", *places.targets]
        self._config = _configure(arguments, [self._plugin, AsyncSkips(), left_out])
        self.notes = left_out.notes()
        self._session = Session.from_config(self._config)
        self._config.hook.pytest_sessionstart(session=self._session)
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            self._config.pluginmanager.unregister(reporter)
        for name in ("timeout",):  # the runner watches the clock
            plugin = self._config.pluginmanager.get_plugin(name)
            if plugin is not None:
                self._config.pluginmanager.unregister(plugin)
        self._session._initialpaths = frozenset(places.paths)
        parents = {parent for path in places.paths for parent in (path, *path.parents)}
        self._session._initialpaths_with_parents = frozenset(parents)
        self._rules = ThreadRules(self._config)
        for target in options.targets:
            _import_package(target)
        hypothesis_limits.limit_profile()

    # Listing.

    def list_tests(self) -> Iterator[Listed | Problem]:
        catcher = _ProblemCatcher(self._places)
        self._config.pluginmanager.register(catcher)
        try:
            items = self._session.perform_collect()
        except pytest.UsageError as error:
            raise SuiteError(f"pytest: {error}") from error
        yield from catcher.problems
        for item in items:
            assert isinstance(item, pytest.Item)
            id_ = self._places.id_of(item)
            keywords = sorted(KeywordMatcher.from_item(item)._names)
            yield Listed(id_, id_.partition("::")[0], keywords, self._unsafe_reason(id_, item))

    def where(self) -> str:
        files = " ".join(self._config.getini("python_files"))
        advice = [f"are there files named {files} with test functions in them"]
        if self.scratch_is_cwd:
            advice.append("is the package installed with its tests (if not: target = their folder)")
        if self._config.inipath is not None:
            advice.append(f"does {self._config.inipath} leave them out")
        return f"pytest found none in {' '.join(self._places.targets)}; {', '.join(advice)}?"

    def _unsafe_reason(self, id_: str, item: pytest.Item) -> str | None:
        return self._options.unsafe_reason(id_) or self._rules.unsafe_reason(item)

    # Collecting a slice.

    def enter_iteration(self, scratch: Path, threads: int, seed: int) -> None:
        hypothesis_limits.limit_profile()
        hypothesis_limits.seed(seed)
        if hasattr(self._config.option, "parallel_threads"):
            self._config.option.parallel_threads = threads  # for its num_parallel_threads fixture

    def group(self, ids: Sequence[str]) -> list[list[str]]:
        return group_by_file(ids)

    def collect(self, ids: Sequence[str]) -> tuple[list[Test], list[Problem]]:
        file = ids[0].partition("::")[0]
        try:
            modules = self._collectors_of(self._places.path_of(file))
            items = self._find_items(modules, ids)
        except pytest.skip.Exception:
            return [SkippedTest(id_) for id_ in ids], []
        except UnavailableError as error:
            return [], [Problem(error.what, str(error), error.trace, list(ids), file)]
        missing = [id_ for id_ in ids if id_ not in items]
        problems = []
        if missing:
            text = f"{file}: {len(missing)} tests are not there, {missing[0]} for one"
            problems.append(Problem("not-found", text, tests=missing, file=file))
        made: list[Test] = [
            PytestTest(id_, item, self._plugin, self._unsafe_reason(id_, item))
            for id_, item in items.items()
        ]
        return made, problems

    def _find_items(
        self, modules: Iterable[pytest.Collector], ids: Sequence[str]
    ) -> dict[str, pytest.Item]:
        parts = [split_id(id_) for id_ in ids]
        self._plugin.wanted = frozenset(names[-1] for names in parts if names)
        items: list[pytest.Item] = []
        failure: BaseException | None = None
        try:
            for module in modules:
                try:
                    items.extend(self._items_below(module, parts))
                except (UnavailableError, pytest.skip.Exception) as error:
                    failure = error
        finally:
            self._plugin.wanted = None
        if failure is not None and not items:
            raise failure
        ids_set = set(ids)
        items = [item for item in items if self._places.id_of(item) in ids_set]
        for item in items:
            item.ihook.pytest_itemcollected(item=item)
        self._config.hook.pytest_collection_modifyitems(
            session=self._session, config=self._config, items=items
        )
        return {self._places.id_of(item): item for item in items}

    def _items_below(
        self, collector: pytest.Collector, parts: Sequence[Sequence[str]]
    ) -> Iterator[pytest.Item]:
        """Items of `collector` for names below it; makes each function's items once."""
        branch = self._branch(collector)
        below: dict[str, list[Sequence[str]]] = {}
        for names in parts:
            if names:
                below.setdefault(names[0].partition("[")[0], []).append(names[1:])
        for name, rest in below.items():
            self._make_classes(collector, branch, name)
            for child in list(branch.children):
                if child.name.partition("[")[0] != name and child.name != name:
                    continue
                if isinstance(child, pytest.Item):
                    yield child
                else:
                    yield from self._items_below(child, rest)
            if name in branch.deferred:
                yield from self._make(collector, name, branch.deferred[name])
        for child in list(branch.children):
            # An item's name may have what looks like a path or parameters (doctests, YAML).
            if isinstance(child, pytest.Item) and child.name not in below:
                yield child

    def _make_classes(self, collector: pytest.Collector, branch: _Branch, name: str) -> None:
        """A wanted member that is a class becomes a node that stays."""
        member = branch.deferred.get(name)
        if isinstance(member, type):
            del branch.deferred[name]
            branch.children.extend(self._make(collector, name, member))

    @staticmethod
    def _make(collector: pytest.Collector, name: str, member: object) -> list[Any]:
        made = collector.ihook.pytest_pycollect_makeitem(collector=collector, name=name, obj=member)
        if made is None:
            return []
        return made if isinstance(made, list) else [made]

    def _branch(self, collector: pytest.Collector) -> _Branch:
        """Collects a node the first time. Raises UnavailableError or pytest's Skipped."""
        branch = self._branches.get(collector)
        if branch is None:
            branch = self._branches[collector] = _Branch()
            self._plugin.deferred = branch.deferred
            try:
                report = collect_one_node(collector)
            except BaseException as error:  # SystemExit, KeyboardInterrupt
                message = f"{collector.nodeid}: {type(error).__name__} at import: {error}"
                branch.failure = UnavailableError("import", message, traceback.format_exc())
            else:
                if report.failed:
                    branch.failure = _failure_of(collector, report)
                elif report.skipped:
                    branch.failure = UnavailableError("skip", "")
                else:
                    branch.children = list(report.result)
            finally:
                self._plugin.deferred = None
        if branch.failure is not None:
            if branch.failure.what == "skip":
                raise pytest.skip.Exception(f"{collector.nodeid}: skipped at import")
            raise branch.failure
        return branch

    def _collectors_of(self, file: Path) -> list[pytest.Collector]:
        """The collectors of a file, as Session.collect finds them: from the root downwards."""
        chain = [file]
        for parent in file.parents:
            if not self._config.pluginmanager._is_in_confcutdir(parent):
                break
            chain.insert(0, parent)
        nodes = self._top(chain[0])
        for path in chain[1:]:
            found: list[pytest.Collector] = []
            for node in nodes:
                if node.path == path and node.path == file:
                    found.append(node)
                    continue
                children = self._branch(node).children
                found.extend(
                    child
                    for child in children
                    if isinstance(child, pytest.Collector) and child.path == path
                )
            nodes = found
        if not nodes:
            raise UnavailableError("not-found", f"{file}: pytest collects no such file")
        return nodes

    def _top(self, path: Path) -> list[pytest.Collector]:
        branch = self._branches.setdefault(self._session, _Branch())
        known = [node for node in branch.children if node.path == path]
        if not known:
            known = list(self._session._collect_path(path, {}))
            branch.children.extend(known)
        return [node for node in known if isinstance(node, pytest.Collector)]


class _ProblemCatcher:
    """Takes down the files that a full collection can't import."""

    def __init__(self, places: "Places") -> None:
        self.problems: list[Problem] = []
        self._places = places

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        if report.failed:
            text = str(report.longrepr)
            file = self._places.label_of(collector.path)
            self.problems.append(Problem("import", _cause(text), text, file=file))
        return report


class Places:
    """Where the targets are, and what the ids of their tests are relative to.

    The same test must have the same id in the plain and in the ThreadSanitizer environment, and no
    two tests may share one. pytest's own ids are relative to its rootdir where they can be, but to
    the target where it lies outside:

        target        a test's file                    its part of the id
        numpy         SITE/numpy/tests/test_a.py       numpy/tests/test_a.py
        tests         FOLDER/tests/test_a.py           tests/test_a.py
        ../tests      FOLDER/../tests/test_a.py        tests/test_a.py (and FOLDER's begin with
                                                       FOLDER's name, as rootdir is one above)
    """

    def __init__(self, options: Options) -> None:
        self.targets: list[str] = []
        """Absolute, with the names behind `::`."""
        self.paths: list[Path] = []
        """Without those."""
        self._packages: list[Path] = []
        self._folder = options.rootdir or Path.cwd()
        for target in options.targets:
            self._add(target)
        sites = {package.parent for package in self._packages}
        self.all_installed = len(self._packages) == len(self.targets)
        self.start = self._folder
        """The working directory."""
        if self.all_installed and len(sites) == 1 and options.rootdir is None:
            (self.start,) = sites
        outside = [path for path in self.paths if path not in self._packages]
        self.rootdir = Path(os.path.commonpath([self.start, *outside]))

    def _add(self, target: str) -> None:
        path, separator, names = target.partition("::")
        place = Path(os.path.normpath(self._folder / path))
        package = None if place.suffix == ".py" or "/" in path else _package_path(path)
        if package is not None and (
            not place.exists() or place == package or path in built_packages()
        ):
            self._packages.append(package)
            place = package
        elif not place.exists():
            raise SuiteError(
                f"target {target}: neither a file or directory below {self._folder} nor a package "
                "that can be imported"
            )
        self.paths.append(place)
        self.targets.append(f"{place}{separator}{names}")

    def id_of(self, item: pytest.Item) -> str:
        _, separator, names = item.nodeid.partition("::")
        return f"{self.label_of(item.path)}{separator}{names}"

    def label_of(self, file: Path) -> str:
        for package in self._packages:
            if file.is_relative_to(package):
                return str(file.relative_to(package.parent))
        inside = file.is_relative_to(self.rootdir)
        return str(file.relative_to(self.rootdir) if inside else file)

    def path_of(self, label: str) -> Path:
        for package in self._packages:
            file = package.parent / label
            if file.is_relative_to(package):
                return file
        return Path(os.path.normpath(self.rootdir / label))


def split_id(id_: str) -> list[str]:
    """The names below the file; "::" in parameters doesn't split."""
    _, _, names = id_.partition("::")
    plain, bracket, parameters = names.partition("[")
    parts = plain.split("::")
    parts[-1] += bracket + parameters
    return parts


def _package_path(name: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):
        return None
    if spec is None or spec.origin is None:
        return None
    origin = Path(spec.origin)
    return origin.parent if spec.submodule_search_locations else origin


def _import_package(target: str) -> None:
    name = target.partition("::")[0]
    if name not in sys.modules and _package_path(name) is not None:
        importlib.import_module(name)


def _configure(arguments: list[str], plugins: list[object]) -> pytest.Config:
    try:
        config = _prepareconfig(arguments, plugins)
        config._do_configure()
    except pytest.UsageError as error:
        raise SuiteError(f"pytest: {_usage_reason(str(error))}") from error
    except ConftestImportFailure as error:
        cause = error.cause
        missing = isinstance(cause, ModuleNotFoundError)
        hint = "; can it be added to `require` of the suite?" if missing else ""
        text = f"{error.path}: {type(cause).__name__}: {cause}{hint}"
        raise SuiteError(f"pytest: {text}") from error
    except SystemExit as error:
        raise SuiteError(f"pytest refused the arguments {arguments} (see its output)") from error
    return config


def _usage_reason(text: str) -> str:
    """What pytest refuses, without its usage, and what can be done about an option."""
    start = text.find("error: ")
    lines = [line.strip() for line in text[max(start, 0) :].splitlines() if line.strip()]
    reason = "; ".join(lines)
    if "unrecognized arguments" in reason:
        reason += (
            "; what to do: if they are a plugin's, add it to the suite's `require`, else take them "
            "out of the suite's `args` or of that file's `addopts`"
        )
    return reason


def _failure_of(collector: pytest.Collector, report: pytest.CollectReport) -> UnavailableError:
    text = str(report.longrepr)
    return UnavailableError("import", f"{collector.nodeid}: {_cause(text)}", text)


def _cause(text: str) -> str:
    """The line of a collection report that says what is wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    marked = [line[1:].strip() for line in lines if line.startswith("E ")]
    if any(line.startswith("import file mismatch") for line in marked or lines):
        return (
            "another file of tests has the same name; give the folders of both an __init__.py, or "
            "write `args = --import-mode=importlib`"
        )
    return (marked or lines or ["unknown"])[-1][:300]
