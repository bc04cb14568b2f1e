"""python -m ftstress_driver.pairs.harvest: makes the corpus of a suite out of its own tests.

    --driver D --target T ...     the suite
    --instrumented DIR ...        where packages compiled with ThreadSanitizer are: their types are
                                  wanted; none: CPython's own
    --seconds N                   for the tests, all together
    --output FOLDER

Runs in the plain interpreter. The tests of each file run in a forked child, so that one that takes
its process down costs its own file; children run side by side. Exit status 4 and one line on
stderr when the suite can't be used.
"""

import contextlib
import itertools
import json
import os
import random
import select
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..cli import options_from, parser
from ..collect import EXIT_UNUSABLE
from ..drivers import find_driver
from ..suite import Context, Listed, Suite, SuiteError
from . import expressions, operations, types_of
from .corpus import Corpus, Type
from .record import Recorder, Recording, install
from .survey import Surveyed, isolate, survey

SECONDS_A_FILE = 20.0
MOST_MAKERS = 12
UNFIT_TESTS = ("thread", "memory", "huge", "large", "recurs", "crash", "big", "stress", "benchmark")


def record_file(suite: Suite, ids: Sequence[str], recorder: Recorder, seconds: float) -> None:
    """Runs tests of one file, in this process."""
    end = time.monotonic() + seconds
    tests, _ = suite.collect(ids)
    for test in tests:
        if time.monotonic() >= end:
            break
        test.run(Context(1, random.Random(test.id), lambda: None))


def _child(
    suite: Suite, ids: Sequence[str], recorder: Recorder, writer: int, seconds: float
) -> None:
    """Never returns."""
    status = 1
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        scratch = tempfile.mkdtemp()
        tempfile.tempdir = scratch

        def tell(*ignored: object) -> None:
            loaded = [types_of.name_of(kind) for kind in recorder.wanted.all_types()]
            data = json.dumps({**recorder.recording.as_json(), "loaded": loaded}).encode()
            while data:
                data = data[os.write(writer, data) :]
            os._exit(0)

        # A test that goes on and on: what was seen by then is told.
        signal.signal(signal.SIGALRM, tell)
        signal.alarm(int(seconds) + 2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            record_file(suite, ids, recorder, seconds)
        signal.alarm(0)
        shutil.rmtree(scratch, ignore_errors=True)
        tell()
    finally:
        os._exit(status)


def is_unfit(test: str) -> bool:
    """By its own name, not by its file's."""
    name = test.rpartition("::")[2].rpartition(".")[2].lower()
    return any(word in name for word in UNFIT_TESTS)


class _Running:
    def __init__(self, file: str, pid: int, reader: int) -> None:
        self.file, self.pid, self.reader = file, pid, reader
        self.data = b""


def record(
    suite: Suite, recorder: Recorder, seconds: float
) -> tuple[Recording, set[str], list[str]]:
    """All files, as far as the time goes, side by side. Returns notes, too."""
    files: dict[str, list[str]] = {}
    for found in suite.list_tests():
        if isinstance(found, Listed) and not is_unfit(found.id):
            files.setdefault(found.file, []).append(found.id)
    waiting = sorted(files.items())
    random.Random(1).shuffle(waiting)
    end = time.monotonic() + seconds
    share = min(SECONDS_A_FILE, max(1.0, seconds * 2 / max(1, len(waiting))))
    whole, loaded, lost = Recording(), set[str](), []
    running: list[_Running] = []
    side_by_side = max(1, len(os.sched_getaffinity(0)))
    while waiting or running:
        while waiting and len(running) < side_by_side and time.monotonic() < end:
            file, ids = waiting.pop()
            reader, writer = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(reader)
                _child(suite, ids, recorder, writer, share)
            os.close(writer)
            running.append(_Running(file, pid, reader))
        if time.monotonic() >= end:
            waiting = []
        ready, _, _ = (
            select.select([child.reader for child in running], [], [], 1.0)
            if running
            else ([], [], [])
        )
        for child in [child for child in running if child.reader in ready]:
            data = os.read(child.reader, 1 << 20)
            child.data += data
            if data:
                continue
            running.remove(child)
            os.close(child.reader)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            os.waitpid(child.pid, 0)
            try:
                said = json.loads(child.data)
            except ValueError:
                lost.append(f"{child.file}: its tests ended the process while calls were recorded")
                continue
            whole.merge(Recording.from_json(said))
            loaded.update(said["loaded"])
    return whole, loaded, lost


# Tried where no test made an object of a type that its module has.
CONSTRUCTED = (
    "[1, 2, 3]",
    "'abc'",
    "b'abc'",
    "[1, 2], [1, 0]",
    "max, [1, 2]",
    "max, [1, 2], [3, 4]",
    "io.BytesIO(b'abc')",
    "io.BytesIO(), io.BytesIO()",
    "4",
    "{'a': 1}",
    "1, 2",
    "lambda *a, **k: 1",
    "",
)


def construct(names: Iterable[str], recording: Recording) -> None:
    """Adds makers of types that nothing made, found by calling them with what is at hand."""
    tried = [f"{name}({given})" for name in names for given in CONSTRUCTED]
    for make in measure(tried):
        name = make.partition("(")[0]
        recording.makers.setdefault(name, Counter())[make] += 1


def best_makers(makers: Counter[str]) -> list[str]:
    """Expressions to try, the best first: an object with some items shows more than an empty one,
    and of two alike the one that tests made more often."""
    common = [text for text, _ in makers.most_common(MOST_MAKERS * 3)]
    sizes = measure(common)
    common.sort(key=lambda text: -min(sizes.get(text, -1), 6))
    return common[:MOST_MAKERS]


def measure(makers: Sequence[str]) -> dict[str, int]:
    """How many items the object of each expression has, found out in forked children: one that
    dies, or does not come back, costs the expression at which it did."""
    sizes: dict[str, int] = {}
    start = 0
    while start < len(makers):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            _measure(makers, start, writer)
        os.close(writer)
        reached = start
        with os.fdopen(reader, "rb") as pipe:
            for line in pipe.read().splitlines():
                reached, size = json.loads(line)
                if size is not None:
                    sizes[makers[reached]] = size
        os.waitpid(pid, 0)
        start = reached + 1
    return sizes


def _measure(makers: Sequence[str], start: int, writer: int) -> None:
    try:
        isolate(writer, Path(tempfile.mkdtemp()))
        for index in range(start, len(makers)):
            os.write(3, json.dumps([index, None]).encode() + b"\n")
            signal.alarm(2)
            with contextlib.suppress(Exception):
                names: dict[str, object] = {}
                expressions.prepare(makers[index], names)
                size = _items(eval(makers[index], names))
                os.write(3, json.dumps([index, size]).encode() + b"\n")
    finally:
        os._exit(0)


def _items(made: object) -> int:
    try:
        return len(made)  # type: ignore[arg-type]
    except Exception:
        pass
    try:
        return len(list(itertools.islice(made, 10)))  # type: ignore[call-overload]
    except Exception:
        return 0


def _find_type(name: str) -> type | None:
    module, _, rest = name.rpartition(".")
    names: dict[str, object] = {}
    with contextlib.suppress(Exception):
        expressions.prepare(f"{module}.{rest}" if module != "builtins" else rest, names)
        import builtins

        found = getattr(builtins, rest) if module == "builtins" else eval(name, names)
        return found if isinstance(found, type) else None
    return None


def _type_by_making(make: str) -> type | None:
    """Of a type that its module does not name, such as an iterator: from an object."""
    names: dict[str, object] = {}
    with contextlib.suppress(Exception):
        expressions.prepare(make, names)
        return type(eval(make, names))
    return None


def make_types(
    recording: Recording, scratch: Path, wanted: types_of.Wanted, progress: "Progress"
) -> Iterable[Type]:
    """Surveys each type that something made, and those that their operations give."""
    waiting = sorted(recording.makers)
    done: set[str] = set()
    while waiting:
        name = waiting.pop(0)
        done.add(name)
        progress.tell(f"trying calls of {name}", len(done), len(done) + len(waiting))
        surveyed = _survey_type(name, recording, scratch, wanted)
        if surveyed is None:
            continue
        yield surveyed.kind
        for given, make in surveyed.makers.items():
            recording.makers.setdefault(given, Counter())[make] += 1
            if given not in done and given not in waiting:
                waiting.append(given)


def _survey_type(
    name: str, recording: Recording, scratch: Path, wanted: types_of.Wanted
) -> Surveyed | None:
    takers = recording.takers.get(name, Counter())
    methods = recording.methods.get(name, {})
    container = name in types_of.CONTAINERS
    if container and not takers:
        return None
    for make in best_makers(recording.makers[name]):
        kind = _find_type(name) or _type_by_making(make)
        if kind is None:
            continue
        listed = operations.container_candidates if container else operations.candidates
        surveyed = survey(name, make, listed(kind, methods, takers), scratch, wanted)
        if surveyed is not None and surveyed.kind.operations:
            return surveyed
    return None


def instrumented(site: Path) -> list[str]:
    """The packages below `site`, and the names of extension modules, with instrumented code."""
    found: dict[str, None] = {}
    for library in sorted(site.rglob("*.so")):
        if b"__tsan_init" in library.read_bytes():
            name = library.name.partition(".")[0]
            found[library.relative_to(site).parts[0].partition(".")[0]] = None
            found[name] = None
    return list(found)


class Progress:
    """Lines for the runner, on the descriptor that it names."""

    def __init__(self) -> None:
        number = os.environ.get("PREPARE_PROGRESS_FD")
        self._fd = int(number) if number and number.isdigit() else None

    def tell(self, text: str, done: int, total: int) -> None:
        if self._fd is not None:
            with contextlib.suppress(OSError):
                os.write(self._fd, f"pairs\t{done}\t{total}\t{text}\n".encode())


def main() -> int:
    """Returns the exit status."""
    made = parser("python -m ftstress_driver.pairs.harvest", "Makes the corpus of a suite.")
    made.add_argument("--instrumented", action="append", default=[], type=Path)
    made.add_argument("--seconds", type=float, default=120.0)
    made.add_argument("--output", type=Path, required=True)
    arguments = made.parse_args()
    options = options_from(arguments)
    output = arguments.output.resolve()
    progress = Progress()
    progress.tell("collecting tests", 0, 0)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            packages = [name for site in arguments.instrumented for name in instrumented(site)]
            if arguments.instrumented and not packages:
                raise SuiteError("nothing in the suite's packages is written in C: no pairs")
            recorder = Recorder(types_of.Wanted(packages))
            install(recorder)  # before test modules are imported
            suite = find_driver(arguments.driver).open(options)
            progress.tell("recording what tests do", 0, 0)
            recording, loaded, lost = record(suite, recorder, arguments.seconds)
    except SuiteError as error:
        print(f"ftstress: {error}", file=sys.stderr)
        return EXIT_UNUSABLE
    scratch = Path(tempfile.mkdtemp())
    corpus = Corpus(notes=lost)
    try:
        construct(sorted(loaded - set(recording.makers)), recording)
        corpus.types = list(make_types(recording, scratch, recorder.wanted, progress))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    known = {kind.name for kind in corpus.types}
    corpus.not_made = sorted((loaded | set(recording.makers)) - known)
    corpus.save(output)
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
