"""The forked child: runs one slice and leaves with _exit."""

import itertools
import os
import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from . import gil, linux, python_races
from .contract import Outcome
from .emit import Emitter
from .failures import describe
from .held import Held
from .leaks import Leaks
from .sharing import Sharing
from .suite import Context, Result, Suite, Test
from .turns import Schedule, Turns, explore, pause, turns_for


@dataclass(frozen=True)
class Plan:
    """A `run` message."""

    iteration: int
    seed: int
    threads: int
    switch_interval: float
    budget: float
    schedule: str
    tests: Sequence[str]
    switches: int | None = None
    """Where turns are passed on (FTS_SWITCHES in record.h); None: nowhere."""
    python_races: bool = True
    """Whether variables of Python code are looked at, where the library can."""


_NO_RANDOM = random.Random(0)
"""Of tests that draw nothing: to seed a generator takes longer than they do."""


def run(
    suite: Suite,
    plan: Plan,
    found: Mapping[str, Test],
    emitter: Emitter,
    scratch: Path,
    shared: Sharing | None = None,
    leaks: Leaks | None = None,
    held: Held | None = None,
) -> int:
    """Runs the slice in this process.

    Returns the exit status. A test of the plan that is not in `found` was not collected and is
    reported as not run.
    """
    _settle(suite, plan, scratch)
    if shared is not None:
        shared.look_for_types()
    if not plan.python_races:
        python_races.switch_off()
    deadline = time.monotonic() + plan.budget
    turns = turns_for(plan.schedule, random.Random(plan.seed))
    slice_ = [found.get(test) for test in plan.tests]
    gil_from_start = gil.enabled()
    for index, test in enumerate(slice_):
        if test is None or (index and time.monotonic() >= deadline):
            emitter.end(index, Outcome.NOT_RUN, 0, 0)
            continue
        if test.known is not None:
            emitter.end(index, test.known, 0, 0)
            continue
        _run_test(test, index, slice_, plan, turns, deadline, emitter, shared, leaks, held)
        if gil.enabled() and not gil_from_start:
            break  # the test switched it on: those behind it go on in a new process
    _flush()
    emitter.slice_end()
    return 0


def _run_test(
    test: Test,
    index: int,
    slice_: Sequence[Test | None],
    plan: Plan,
    turns: Schedule,
    deadline: float,
    emitter: Emitter,
    shared: Sharing | None,
    leaks: Leaks | None,
    held: Held | None,
) -> None:
    def next_test() -> Test | None:
        if time.monotonic() >= deadline:
            return None
        later = itertools.islice(slice_, index + 1, None)  # no copy: a slice may be long
        return next((test for test in later if test is not None and test.known is None), None)

    threads = test.threads(plan.threads) if plan.threads > 1 else 1
    rng = _NO_RANDOM
    if test.draws:
        _seed(f"{plan.seed}:{test.id}")
        rng = random.Random(f"{plan.seed}:{index}:{test.id}")
    if gil.enabled() and isinstance(turns, Turns):
        turns = None  # who waits for the GIL and who waits for the turn would wait for each other

    def run_in(count: int) -> Result:
        with shared.of_test(count) if shared is not None else nullcontext():
            return test.run(Context(count, rng, next_test, turns))

    if plan.switches is not None:
        explore(plan.switches, plan.seed)
    elif turns is None and threads > 1 and (plan.seed + index) % 2:
        pause(plan.seed << 20 | index)
    emitter.begin(index, threads)
    process = os.getpid()
    start = time.perf_counter_ns()
    try:
        result = leaks.of_test(run_in, threads) if leaks else run_in(threads)
    except BaseException as error:
        result = Result(Outcome.ERROR, [describe(error, None)])
    if os.getpid() != process:  # a child that the test has forked, and that left it
        _flush()
        os._exit(1 if result.failures else 0)
    duration = time.perf_counter_ns() - start
    for failure in result.failures:
        emitter.fail(index, threads, failure)
    if held is not None:
        held.after_test(next_test() is None)
    if result.ordered_by is not None:
        emitter.ordered(result.ordered_by)
    emitter.end(index, result.outcome, threads, duration)


def _settle(suite: Suite, plan: Plan, scratch: Path) -> None:
    linux.be_killed_first()
    tempfile.tempdir = str(scratch)
    os.environ["TMPDIR"] = str(scratch)
    if suite.scratch_is_cwd:
        os.chdir(scratch)
    sys.setswitchinterval(plan.switch_interval)
    os.environ["FTSTRESS_THREADS"] = str(plan.threads)
    os.environ["FTSTRESS_SEED"] = str(plan.seed)
    suite.enter_iteration(scratch, plan.threads, plan.seed)


def _seed(text: str) -> None:
    """Python's and NumPy's global generators, by the main thread, before any other runs."""
    random.seed(text)
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed(random.getrandbits(32))
        random.seed(text)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError, AttributeError):
            continue
