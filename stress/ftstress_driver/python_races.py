"""Which Python code libftstress.so looks at for races on Python variables, by its file.

The runner says in FTSTRESS_PYTHON_RACES what is asked for: `package`, `tests`, `stdlib`. The
library wants a list of paths (interpose/variables/scope.h), of which the longest counts:

    M  looked at
    S  makes threads wait for each other: what it stores and loads orders them
    H  hands on what the code that calls it asks for: looked at if that is
    W  the same, of containers with weak references; S if that is not looked at
    X  neither
"""

import ctypes
import json
import os
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path

from .suite import Options

ENVIRONMENT = "FTSTRESS_PYTHON_RACES"

SYNCHRONISES = (
    "threading.py",
    "queue.py",
    "contextvars.py",
    "asyncio/",
    "concurrent/",
    "multiprocessing/",
)
"""Of the standard library: its own variables are how it orders threads."""

WEAK = ("_weakrefset.py", "weakref.py")
"""Of the standard library: containers that threads ask, and by which it orders threads itself."""

HANDS_ON = ("collections/__init__.py",)
FROZEN = ("<frozen _collections_abc>",)
"""Of the standard library: containers in Python, which do no more than they are asked for."""

APART = ("unittest/", "importlib/", "test/support/", "site-packages/")
"""Of the standard library, and not looked at with it."""


def install(options: Options) -> None:
    """Hands the list to the library; nothing happens where it does not look at variables."""
    wanted = os.environ.get(ENVIRONMENT, "")
    if wanted:
        set_scope(scope(wanted.split(","), options.rootdir, options.targets))


def set_scope(lines: Iterable[str]) -> bool:
    """Whether the library looks at variables."""
    tell = getattr(ctypes.PyDLL(None), "ftstress_variables_scope", None)
    return tell is not None and tell("\n".join(lines).encode()) == 0


def switch_off() -> None:
    """For this process and its children, while it has one thread."""
    tell = getattr(ctypes.PyDLL(None), "ftstress_variables_off", None)
    if tell is not None:
        tell()


def scope(wanted: Sequence[str], rootdir: Path | None, targets: Sequence[str]) -> Iterator[str]:
    """The lines of the list."""
    library = Path(sysconfig.get_path("stdlib"))
    yield _line("M" if "stdlib" in wanted else "X", library)
    yield from (f"X {library}/{name}" for name in APART)
    yield from (f"S {library}/{name}" for name in SYNCHRONISES)
    yield from (f"{'S' if 'stdlib' in wanted else 'W'} {library}/{name}" for name in WEAK)
    if "stdlib" not in wanted:
        yield from (f"H {library}/{name}" for name in HANDS_ON)
    yield from (f"H {name}" for name in FROZEN)
    own = Path(__file__).resolve().parent
    sites = [Path(entry).resolve() for entry in _entries() if Path(entry).resolve() != own.parent]
    for site in sites:
        # A site folder that pip has filled; any other one is a `path` of the suite.
        installed = any(site.glob("*.dist-info"))
        yield _line("M" if "package" in wanted and not installed else "X", site)
    if "package" in wanted:
        yield from (f"M {path}" for path in _packages(sites))
    if "tests" in wanted:
        root = (rootdir or Path.cwd()).resolve()
        yield from (_line("M", folder) for folder in _test_folders(root, targets))
        yield from (f"M {path}" for path in _test_modules(targets))
    yield _line("X", own)


def _line(letter: str, folder: Path) -> str:
    return f"{letter} {folder}{os.sep}"


def _entries() -> list[str]:
    return [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]


def _test_folders(root: Path, targets: Sequence[str]) -> Iterator[Path]:
    """Where the targets that are paths lie. Those that are packages are looked at as packages."""
    for target in targets:
        path = root / target
        while not path.is_dir() and path != path.parent:
            path = path.parent  # a file, or a pattern
        if path.is_relative_to(root):
            yield path


def _test_modules(targets: Sequence[str]) -> Iterator[str]:
    """Where the targets lie that are modules of the standard library: CPython's own tests."""
    library = Path(sysconfig.get_path("stdlib"))
    for target in targets:
        path = library.joinpath(*target.split("."))
        if target.split(".")[0] != "test":
            continue
        if path.is_dir():
            yield f"{path}{os.sep}"
        elif path.with_suffix(".py").is_file():
            yield str(path.with_suffix(".py"))


def _packages(sites: Sequence[Path]) -> Iterator[str]:
    for place in _built_places(sites):
        yield f"{place}{'' if place.name.endswith('.py') else os.sep}"


def built_names(sites: Sequence[Path]) -> list[str]:
    """The names by which what the suite's `install` names is imported."""
    return [place.name.partition(".")[0] for place in _built_places(sites)]


def _built_places(sites: Sequence[Path]) -> Iterator[Path]:
    """What the suite's `install` names: pip notes where it had such a package from."""
    for distribution in distributions(path=[str(site) for site in sites]):
        if not _was_built(distribution):
            continue
        site = Path(str(distribution.locate_file(""))).resolve()
        names = {file.parts[0] for file in distribution.files or ()}
        for name in sorted(names):
            if not name.endswith((".dist-info", ".pth")) and name not in ("..", "__pycache__"):
                yield site / name


def _was_built(distribution: Distribution) -> bool:
    """PEP 610."""
    try:
        origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    except ValueError:
        return False
    return str(origin.get("url", "")).startswith("file:")
