"""driver = doctest: each file with examples in its docstrings is a test."""

import doctest
import runpy
import types
from collections.abc import Iterator, Sequence
from pathlib import Path

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
    Test,
    group_by_file,
)
from ..threads import run_alone


class File(Test):
    def __init__(self, root: Path, id_: str) -> None:
        self.id = id_
        self._module = types.ModuleType(id_)
        vars(self._module).update(runpy.run_path(str(root / id_), run_name=id_))

    def threads(self, wanted: int) -> int:
        return 1  # doctest replaces sys.stdout

    def _examples(self) -> None:
        runner = doctest.DebugRunner(verbose=False)
        for found in doctest.DocTestFinder().find(self._module, self.id):
            runner.run(found)

    def run(self, context: Context) -> Result:
        (error,) = run_alone(self._examples, context.turns)
        failures = [describe(error, None)] if error else []
        return Result(Outcome.FAILED if failures else Outcome.PASSED, failures)


class Files(Suite):
    def __init__(self, options: Options) -> None:
        self.rootdir = options.rootdir or Path.cwd()
        self._targets = options.targets

    def group(self, ids: Sequence[str]) -> list[list[str]]:
        return group_by_file(ids)

    def collect(self, ids: Sequence[str]) -> tuple[list[Test], list[Problem]]:
        return [File(self.rootdir, id_) for id_ in ids], []

    def list_tests(self) -> Iterator[Listed | Problem]:
        for target in self._targets:
            for path in sorted(self.rootdir.glob(target)):
                id_ = str(path.relative_to(self.rootdir))
                yield Listed(id_, id_, [path.stem], None)

    def where(self) -> str:
        return f"files with docstrings, {', '.join(self._targets)} in {self.rootdir}"


class DoctestDriver(Driver):
    def open(self, options: Options) -> Suite:
        return Files(options)


DRIVER = DoctestDriver()
