"""The zygote: imports once, forks one iteration at a time, stays single-threaded.

    runner            zygote                           iteration
      |  run            | collect (imports stay here)
      |---------------->| fork ------------------------>| runs the slice, writes records
      |  prefetch       |                               |
      |---------------->| collect the next slice,       |
      |                 | looking at the pidfd          |
      |          ended  | between files                 | _exit
      |<----------------|<------------------------------|

What a test module does at import must not take the zygote down: every error becomes an `error`
message, and the tests of that file are reported as not run.
"""

import os
import platform
import select
import shutil
import signal
import sys
import tempfile
import threading
import traceback
import warnings
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import PROTOCOL_VERSION, gil, held, iteration, leaks, linux, python_races, sharing
from .control import Control, Message
from .emit import Emitter, be_quiet
from .failures import explain_import
from .iteration import Plan
from .operations import Operations
from .suite import Driver, Options, Problem, Suite, SuiteError, Test

EXIT_SUITE = 4
"""Exit status when the suite can't be opened: pytest's own for a usage error."""


@dataclass
class _Child:
    """The iteration that runs now."""

    iteration: int
    pid: int
    pidfd: int
    scratch: Path


class Zygote:
    """Owns the control channel, the suite and the child."""

    def __init__(
        self,
        control: Control,
        emitter: Emitter,
        suite: Suite,
        shared: sharing.Sharing | None = None,
        growing: leaks.Leaks | None = None,
        holding: held.Held | None = None,
    ) -> None:
        self._control = control
        self._emitter = emitter
        self._suite = suite
        self._shared = shared
        self._leaks = growing
        self._held = holding
        self._operations = Operations()
        self._ready: dict[str, Test] = {}
        self._child: _Child | None = None
        self._waiting: deque[Message] = deque()
        self._base = Path(tempfile.mkdtemp(prefix="ftstress-"))
        if suite.scratch_is_cwd:
            # Tests may take their place at import: what they write there goes with the zygote.
            os.chdir(self._base)
        self._threads_told = False
        self._gil = gil.enabled()
        self._gil_came = False
        self._quit = False

    def serve(self) -> None:
        """Until `quit`, or until the runner is gone."""
        try:
            while not self._quit and not self._control.closed:
                while self._waiting and not self._quit:
                    if self._child is not None and self._waiting[0]["op"] != "prefetch":
                        break
                    self._handle(self._waiting.popleft())
                    self._poll(0)
                if not self._quit:
                    self._poll(None)
        finally:
            if self._child is not None:
                linux.kill_group(self._child.pid)
            shutil.rmtree(self._base, ignore_errors=True)

    def _poll(self, milliseconds: int | None) -> None:
        """Takes messages in, and the end of the child; waits so long for either (None: ever)."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        if self._child is not None:
            poll.register(self._child.pidfd, select.POLLIN)
        for descriptor, _ in poll.poll(milliseconds):
            if descriptor == self._control.fileno():
                self._waiting.extend(self._control.receive())
            else:
                self._reap()

    def _handle(self, message: Message) -> None:
        match message["op"]:
            case "run":
                self._run(message)
            case "prefetch":
                wanted = set(message["tests"])
                self._ready = {id_: test for id_, test in self._ready.items() if id_ in wanted}
                self._collect(message["tests"])
            case "quit":
                self._quit = True
            case other:
                self._error("protocol", f"unknown message: {other}")

    def _collect(self, ids: Sequence[str]) -> None:
        """Makes the tests ready; what fails is told and left out."""
        be_quiet()
        for group in self._suite.group([id_ for id_ in ids if id_ not in self._ready]):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    tests, problems = self._suite.collect(group)
            except BaseException as error:
                tests = []
                problems = [
                    Problem("collect", _one_line(error), traceback.format_exc(), list(group))
                ]
            self._ready.update((test.id, test) for test in tests)
            for problem in problems:
                self._tell(problem)
            self._look_for_threads(group)
            self._operations.tell()
            self._poll(0)
            if self._look_for_gil(group):
                break

    def _run(self, message: Message) -> None:
        plan = Plan(
            iteration=message["iteration"],
            seed=message["seed"],
            threads=message["threads"],
            switch_interval=message["switch_interval"],
            budget=message["budget"],
            schedule=message.get("schedule", "overlap"),
            tests=message["tests"],
            switches=message.get("switches"),
            python_races=message.get("python_races", False),
        )
        self._collect(plan.tests)
        if self._gil_came:
            return  # as told: the runner has the tests run elsewhere
        found = {id_: self._ready.pop(id_) for id_ in set(plan.tests) if id_ in self._ready}
        scratch = self._base / str(plan.iteration)
        scratch.mkdir(exist_ok=True)
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_iteration(parent, plan, found, scratch)
        self._child = _Child(plan.iteration, pid, os.pidfd_open(pid), scratch)
        self._control.send("started", iteration=plan.iteration, pid=pid)

    def _become_iteration(
        self, parent: int, plan: Plan, found: dict[str, Test], scratch: Path
    ) -> None:
        status = 1
        try:
            linux.own_group()
            linux.die_with_parent(parent)
            self._control.close()
            status = iteration.run(
                self._suite,
                plan,
                found,
                self._emitter,
                scratch,
                self._shared,
                self._leaks,
                self._held,
            )
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(status)

    def _reap(self) -> None:
        child = self._child
        assert child is not None
        # The dead child still holds its process group: nothing else can have this number now.
        linux.kill_group(child.pid)
        _, status, usage = os.wait4(child.pid, 0)
        os.close(child.pidfd)
        self._child = None
        self._control.send(
            "ended",
            iteration=child.iteration,
            pid=child.pid,
            status=status,
            max_rss_kb=usage.ru_maxrss,
        )
        shutil.rmtree(child.scratch, ignore_errors=True)

    def _look_for_gil(self, group: Sequence[str]) -> bool:
        """Whether an import has switched the GIL on: what is forked from here would have it on."""
        if not self._gil and not self._gil_came and gil.enabled():
            self._gil_came = True
            self._control.send("gil", tests=list(group))
        return self._gil_came

    def _look_for_threads(self, group: Sequence[str]) -> None:
        if threading.active_count() == 1 or self._threads_told:
            return
        self._threads_told = True
        names = ", ".join(thread.name for thread in threading.enumerate()[1:])
        self._error(
            "threads",
            f"importing the file of {group[0]} started threads ({names}): "
            "an iteration is forked without them and may hang",
            test=group[0],
        )

    def _tell(self, problem: Problem) -> None:
        test = problem.tests[0] if problem.tests else None
        self._error(
            problem.what,
            problem.message,
            problem.traceback,
            test=test,
            tests=problem.tests,
            file=problem.file,
        )

    def _error(self, what: str, message: str, trace: str = "", **fields: object) -> None:
        fields.setdefault("test", None)
        self._control.send("error", what=what, message=message, traceback=trace, **fields)


def _one_line(error: BaseException) -> str:
    text = f"{type(error).__name__}: {error}".strip()
    return text.splitlines()[0][:300]


def _overruled(module: str) -> str:
    return (
        f"{module} does not declare that it needs no GIL; it was kept off (--gil off), "
        "so races may show that Python's users do not meet yet"
    )


def main(driver: Driver, options: Options) -> int:
    """Runs the zygote with the control channel of the environment; returns the exit status."""
    linux.die_with_parent(os.getppid())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        control = Control.from_environment()
    except ValueError as error:
        print(f"ftstress_driver: {error}", file=sys.stderr)
        return 2
    try:
        emitter = Emitter()
        watch = gil.Watch(emitter.gil_enabled, lambda name: emitter.note(_overruled(name)))
        watch.install()
        shared = sharing.from_environment()
        if shared is not None:
            shared.install()
        python_races.install(options)
        suite = driver.open(options)
    except SuiteError as error:
        control.send("error", what="suite", test=None, message=str(error), traceback="")
        return EXIT_SUITE
    except BaseException as error:
        control.send(
            "error",
            what="suite",
            test=None,
            message=explain_import(error, options.rootdir or Path.cwd()),
            traceback=traceback.format_exc(),
        )
        return EXIT_SUITE
    holding = None if suite.is_of_pairs else held.from_library()
    growing = leaks.from_environment(emitter.note)
    zygote = Zygote(control, emitter, suite, shared, growing, holding)
    control.send(
        "hello",
        version=PROTOCOL_VERSION,
        pid=os.getpid(),
        python=platform.python_version(),
        gil=gil.enabled(),
        gil_module=watch.module,
    )
    zygote.serve()
    return 0
