"""python -m ftstress_driver.pairs.harvest: makes the corpus of a suite out of its own tests.

    --driver D --target T ...     the suite
    --instrumented DIR ...        where packages compiled with ThreadSanitizer are: their types are
                                  wanted; none: CPython's own
    --python-classes WHEN         are classes in Python wanted, too: on, off, or auto, where the
                                  packages have no types in C
    --seconds N                   for the tests, all together
    --kept FOLDER                 what is done is kept there, for when this is interrupted
    --output FOLDER

Runs in the plain interpreter. The tests of each file run in a forked child, so that one that takes
its process down costs its own file; children run side by side. Exit status 4 and one line on
stderr when the suite can't be used.
"""

import contextlib
import importlib
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
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..cli import options_from, parser
from ..collect import EXIT_UNUSABLE
from ..drivers import find_driver
from ..installed import describe_shadowed
from ..python_races import built_names
from ..suite import Context, Listed, Problem, Suite, SuiteError
from . import expressions, in_python, makers, operations, types_of
from .corpus import Corpus, Type, type_from
from .kept import Kept
from .operations import Candidate
from .record import Recorder, Recording, install
from .survey import Surveyed, survey

NOTHING_IN_C = (
    "nothing in the suite's packages is written in C: no pairs; `--pairs` makes those of their "
    "classes in Python, and with `python-classes = on` each run does"
)
SECONDS_A_FILE = 20.0
IMPORT_SECONDS = 30
"""For a module that no test imports."""
WALL = 3
"""So much longer may it take by the clock: others work on the machine, and tests wait."""
SIDE_BY_SIDE = max(2, len(os.sched_getaffinity(0)))
"""Children at once."""
Lister = Callable[[type, dict[str, Counter[str]], Counter[str]], Iterator[Candidate]]
UNFIT_TESTS = ("thread", "memory", "huge", "large", "recurs", "crash", "big", "stress", "benchmark")


def record_file(suite: Suite, ids: Sequence[str], recorder: Recorder, seconds: float) -> None:
    """Runs tests of one file, in this process: `seconds` of processor time, so that what is found
    does not depend on what else the machine does. Collecting them is not counted."""
    tests, _ = suite.collect(ids)
    end = time.process_time() + seconds
    for test in tests:
        if time.process_time() >= end:
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
        signal.alarm(int(WALL * seconds) + 5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            record_file(suite, ids, recorder, seconds)
        signal.alarm(0)
        shutil.rmtree(scratch, ignore_errors=True)
        tell()
    finally:
        os._exit(status)


def _start(
    suite: Suite, file: str, ids: Sequence[str], recorder: Recorder, seconds: float
) -> "Running":
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _child(suite, ids, recorder, writer, seconds)
    os.close(writer)
    return Running(file, pid, reader)


def is_unfit(test: str) -> bool:
    """By its own name, not by its file's."""
    name = test.rpartition("::")[2].rpartition(".")[2].lower()
    return any(word in name for word in UNFIT_TESTS)


def record(
    suite: Suite, recorder: Recorder, seconds: float, kept: Kept
) -> tuple[Recording, set[str], list[str]]:
    """All files, side by side, each its share of the time. Returns notes, too."""
    files: dict[str, list[str]] = {}
    problems: list[Problem] = []
    for found in suite.list_tests():
        if not isinstance(found, Listed):
            problems.append(found)
        elif not is_unfit(found.id):
            files.setdefault(found.file, []).append(found.id)
    if problems and not files:
        file, message = problems[0].file, problems[0].message
        raise SuiteError(f"no test can be collected; of {len(problems)} files {file}: {message}")
    waiting = sorted(files.items())
    random.Random(1).shuffle(waiting)
    end = time.monotonic() + WALL * seconds
    share = min(SECONDS_A_FILE, max(1.0, seconds * 2 / max(1, len(waiting))))
    whole, loaded, lost = Recording(), set[str](), []
    running: list[Running] = []

    def take(said: dict[str, Any]) -> None:
        whole.merge(Recording.from_json(said))
        loaded.update(said["loaded"])

    while waiting or running:
        while waiting and len(running) < SIDE_BY_SIDE and time.monotonic() < end:
            file, ids = waiting.pop()
            before = kept.get(f"tests of {file}")
            if before is not None:
                take(before)
                continue
            running.append(_start(suite, file, ids, recorder, share))
        if time.monotonic() >= end:
            waiting = []
        if not running:
            break
        for file, said in finished(running):
            if said is None:
                lost.append(f"{file}: its tests ended the process while calls were recorded")
                continue
            kept.put(f"tests of {file}", said)
            take(said)
    return whole, loaded, lost


def _bases(kind: type) -> list[str]:
    return [types_of.name_of(base) for base in kind.__mro__[1:-1]]


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


def add_makers(loaded: set[str], recording: Recording, wanted: types_of.Wanted) -> None:
    """Adds ways of making types that tests did not show, found by calling types and functions with
    what is at hand."""
    few = [name for name in loaded if len(recording.makers.get(name, ())) < makers.FEW]
    tried = list(makers.called(sorted(few)))
    tried += makers.calls_of_functions(wanted)
    if not wanted.packages:
        tried += makers.calls_of_language()
    shares = [tried[i::SIDE_BY_SIDE] for i in range(SIDE_BY_SIDE)]
    looked = side_by_side(lambda share: _looks(share, wanted), shares)
    for looks in looked:
        for text, look in (looks or {}).items():
            if look["wanted"]:
                recording.makers.setdefault(look["kind"], Counter())[text] += 1


def with_makers(
    loaded: set[str], recording: Recording, wanted: types_of.Wanted, kept: Kept
) -> Recording:
    """The recording with those, or as it is kept."""
    before = kept.get("ways to make objects")
    if before is not None:
        return Recording.from_json(before)
    add_makers(loaded, recording, wanted)
    kept.put("ways to make objects", recording.as_json())
    return recording


def _looks(tried: Sequence[str], wanted: types_of.Wanted) -> dict[str, Any]:
    return {text: vars(look) for text, look in makers.measure(tried, wanted).items()}


def side_by_side(work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """What `work` gives for each, made in forked children; None of one that ended early."""
    results: dict[int, Any] = {}
    running: list[Running] = []
    waiting = list(enumerate(items))
    while waiting or running:
        while waiting and len(running) < SIDE_BY_SIDE:
            number, item = waiting.pop(0)
            running.append(Running.start(number, work, item))
        for number, result in finished(running):
            results[number] = result
    return [results.get(number) for number in sorted(results)]


@dataclass
class Running:
    """Work in a forked child, which writes its result as JSON."""

    what: Any
    pid: int
    reader: int
    data: bytes = b""

    @classmethod
    def start(cls, what: Any, work: Callable[[Any], Any], item: Any) -> "Running":
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(reader)
                data = json.dumps(work(item)).encode()
                while data:
                    data = data[os.write(writer, data) :]
            finally:
                os._exit(0)
        os.close(writer)
        return cls(what, pid, reader)


def finished(running: list[Running]) -> list[tuple[Any, Any]]:
    """Waits until something comes; takes those that are done off the list."""
    ready, _, _ = select.select([child.reader for child in running], [], [], 1.0)
    done: list[tuple[Any, Any]] = []
    for child in [child for child in running if child.reader in ready]:
        data = os.read(child.reader, 1 << 20)
        child.data += data
        if data:
            continue
        running.remove(child)
        os.close(child.reader)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # what tests have left running
        os.waitpid(child.pid, 0)
        try:
            done.append((child.what, json.loads(child.data)))
        except ValueError:
            done.append((child.what, None))
    return done


def make_types(
    recording: Recording, scratch: Path, wanted: types_of.Wanted, progress: "Progress", kept: Kept
) -> list[Type]:
    """Surveys each type that something made, and those that their operations give."""
    waiting = sorted(recording.makers)
    seen = set(waiting)
    found: list[Type] = []
    running: list[Running] = []

    def survey_of(name: str) -> list[Any]:
        own = Path(tempfile.mkdtemp(dir=scratch))
        surveyed = list(survey_type(name, recording, own, wanted))
        return [(asdict(one.kind), one.makers) for one in surveyed]

    def take(surveyed: list[Any]) -> None:
        for kind, given in surveyed:
            found.append(type_from(kind))
            for other, make in given:
                recording.makers.setdefault(other, Counter())[make] += 1
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)

    while waiting or running:
        while waiting and len(running) < SIDE_BY_SIDE:
            name = waiting.pop(0)
            progress.tell(f"trying calls of {name}", len(seen) - len(waiting), len(seen))
            before = kept.get(f"type {name}")
            if before is not None:
                take(before)
                continue
            running.append(Running.start(name, survey_of, name))
        for name, surveyed in finished(running) if running else []:
            if surveyed is not None:
                kept.put(f"type {name}", surveyed)
                take(surveyed)
    return sorted(found, key=lambda kind: kind.name)


def survey_type(
    name: str, recording: Recording, scratch: Path, wanted: types_of.Wanted
) -> Iterator[Surveyed]:
    """The type as each of its makers makes it."""
    takers = recording.takers.get(name, Counter())
    methods = recording.methods.get(name, {})
    # A package takes a list; to the interpreter it is a type as any other.
    container = name in types_of.CONTAINERS and bool(wanted.packages)
    if container and not takers:
        return
    tried = makers.most_unlike(recording.makers[name], makers.MOST_LOOKED_AT)
    looks = _looks_of(name, list(tried), wanted)
    families: dict[str, Counter[str]] = {}
    for text, count in tried.most_common():
        if text in looks:
            own = families.setdefault(looks[text].family, Counter())
            if len(own) < makers.MOST_COMPARED:
                own[text] = count
    listed = _lister(name, container, wanted)
    if len(families) > 1:
        for family, possible in sorted(families.items()):
            for make in makers.choose(possible, looks):
                kind = _find_type(name) or _type_by_making(make)
                surveyed = kind and survey(
                    name, make, listed(kind, methods, takers), scratch, wanted
                )
                if kind and surveyed and surveyed.kind.operations:
                    surveyed.kind.name = f"{name}[{family or 'other'}]"
                    surveyed.kind.bases = _bases(kind)
                    yield surveyed
                    break
        return
    found: list[Surveyed] = []
    filled = False
    chosen = makers.choose(next(iter(families.values()), Counter()), looks)
    while len(found) < len(chosen):
        make = chosen[len(found)]
        kind = _find_type(name) or _type_by_making(make)
        if kind is None:
            return
        surveyed = survey(name, make, listed(kind, methods, takers), scratch, wanted)
        if surveyed is None or not surveyed.kind.operations:
            chosen.remove(make)
            continue
        surveyed.kind.bases = _bases(kind)
        if not found and not filled and surveyed.kind.in_python and not looks[make].size:
            filled = True
            chosen = [*_filled(name, surveyed.kind, looks, wanted), *chosen][: makers.MOST_CHOSEN]
            if chosen[0] != make:
                continue
        found.append(surveyed)
        if container:
            break
        if len(found) == len(chosen) < makers.MOST_CHOSEN:
            more = list(makers.prepared(found[0].kind))[: makers.MOST_COMPARED]
            looks.update(_looks_of(name, more, wanted))
            chosen = makers.choose(Counter(more), looks, chosen)
    # With the first one most can be done: a closed file comes after an open one.
    found.sort(key=lambda surveyed: -len(surveyed.kind.methods))
    called = {name for surveyed in found for name in surveyed.kind.methods}
    for number, surveyed in enumerate(found):
        surveyed.kind.name = f"{name}@{number + 1}" if number else name
        surveyed.kind.uncalled = [one for one in surveyed.kind.uncalled if one not in called]
        if number:
            surveyed.kind.leave_raising_out()
        surveyed.kind.container = container
        yield surveyed


def _filled(
    name: str, kind: Type, looks: dict[str, makers.Look], wanted: types_of.Wanted
) -> list[str]:
    """A way to make one with items, if there is any: tests fill it by `o[k] = v`, say, which is no
    call."""
    more = list(makers.prepared(kind))[: makers.MOST_COMPARED]
    looks.update(_looks_of(name, more, wanted))
    return [text for text in makers.choose(Counter(more), looks)[:1] if looks[text].size]


def _lister(name: str, container: bool, wanted: types_of.Wanted) -> Lister:
    """What gives the candidates of the type."""
    if container:
        return operations.container_candidates
    if types_of.is_capsule(name):
        return operations.capsule_candidates

    def listed(
        kind: type, methods: dict[str, Counter[str]], takers: Counter[str]
    ) -> Iterator[Candidate]:
        if wanted.is_class(kind) and types_of.name_of(kind) == name:
            return in_python.candidates(kind, methods, wanted.classes_of)
        return operations.candidates(kind, methods, takers)

    return listed


def _looks_of(name: str, tried: Sequence[str], wanted: types_of.Wanted) -> dict[str, makers.Look]:
    """Of the expressions that make one of the type."""
    return {
        text: look
        for text, look in makers.measure(tried, wanted).items()
        if look.kind == name or name in types_of.CONTAINERS
    }


def instrumented_modules(site: Path) -> list[str]:
    """The extension modules below `site` with instrumented code, by their full names."""
    found: list[str] = []
    for library in sorted(site.rglob("*.so")):
        if b"__tsan_init" in library.read_bytes():
            folders = library.relative_to(site).parts[:-1]
            found.append(".".join([*folders, library.name.partition(".")[0]]))
    return found


def instrumented(site: Path) -> list[str]:
    """The packages below `site`, and the names of extension modules, with instrumented code."""
    modules = instrumented_modules(site)
    ends = [(name.partition(".")[0], name.rpartition(".")[2]) for name in modules]
    return list(dict.fromkeys(name for both in ends for name in both))


def import_untouched(sites: Sequence[Path]) -> None:
    """Imports what no test did, of packages that have none: their types are still types. A forked
    child tries it first, which may end or block."""
    names = [name for site in sites for name in instrumented_modules(site)]
    for name in [name for name in names if name.partition(".")[0] not in sys.modules]:
        if side_by_side(_imports, [name]) == [True]:
            with contextlib.suppress(Exception):
                importlib.import_module(name)


def _imports(name: str) -> bool:
    signal.alarm(IMPORT_SECONDS)
    importlib.import_module(name)
    return True


def wanted_types(sites: Sequence[Path], classes: str) -> types_of.Wanted:
    """Of the packages in site folders; none: CPython's own. `classes`: as --python-classes."""
    in_c = [name for site in sites for name in instrumented(site)]
    if classes == "off" or not sites or (classes == "auto" and in_c):
        return types_of.Wanted(in_c)
    return types_of.Wanted(in_c, built_names(sites))


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
    made.add_argument("--python-classes", choices=("auto", "on", "off"), default="auto")
    made.add_argument("--seconds", type=float, default=120.0)
    made.add_argument("--kept", type=Path, help="for what is done before the corpus is")
    made.add_argument("--output", type=Path, required=True)
    arguments = made.parse_args()
    options = options_from(arguments)
    output = arguments.output.resolve()
    kept = Kept(arguments.kept and arguments.kept.resolve())
    progress = Progress()
    progress.tell("collecting tests", 0, 0)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            wanted = wanted_types(arguments.instrumented, arguments.python_classes)
            if arguments.instrumented and not wanted.packages:
                raise SuiteError(NOTHING_IN_C)
            recorder = Recorder(wanted)
            install(recorder)  # before test modules are imported
            suite = find_driver(arguments.driver).open(options)
            progress.tell("recording what tests do", 0, 0)
            recording, loaded, lost = record(suite, recorder, arguments.seconds, kept)
            import_untouched(arguments.instrumented)
            loaded.update(types_of.name_of(kind) for kind in recorder.wanted.all_types())
    except SuiteError as error:
        print(f"ftstress: {describe_shadowed(options) or error}", file=sys.stderr)
        return EXIT_UNUSABLE
    shadowed = describe_shadowed(options)
    if shadowed is not None:
        print(f"ftstress: {shadowed}", file=sys.stderr)
        return EXIT_UNUSABLE
    scratch = Path(tempfile.mkdtemp())
    corpus = Corpus(notes=lost)
    try:
        progress.tell("looking for ways to make objects", 0, 0)
        recording = with_makers(loaded | set(recording.makers), recording, recorder.wanted, kept)
        corpus.types = make_types(recording, scratch, recorder.wanted, progress, kept)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    known = {kind.type_name for kind in corpus.types}
    corpus.not_made = sorted((loaded | set(recording.makers)) - known)
    corpus.save(output)
    kept.clear()
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
