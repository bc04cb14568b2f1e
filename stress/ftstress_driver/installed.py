"""Are the compiled packages imported from where they were installed?

The tests of a package often lie in its source tree. Then a folder that holds the sources gets in
front of the installed packages on sys.path, by pytest (it inserts the first folder above the tests
that has no __init__.py), by `python -m` (the folder of the suite file) or by the suite's `path`:

    src/                inserted
        words/          found first: without its compiled modules, or with some that were built
            __init__.py     in place, without ThreadSanitizer
        tests/
            __init__.py
"""

import os
import sys
from collections.abc import Iterable
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import Distribution, distributions
from pathlib import Path

STARTED_IN = Path.cwd()
"""The folder of the suite file, which Python itself put on sys.path."""


def describe_shadowed(tests: Iterable[Path]) -> str | None:
    """One line about a compiled package that sources are imported instead of, or None.

    `tests` are where the suite looks for tests.
    """
    entries = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    for distribution in distributions(path=entries):
        site = Path(str(distribution.locate_file(""))).resolve()
        for name in _compiled_names(distribution):
            places = _places(name)
            if places and not any(place.is_relative_to(site) for place in places):
                source = places[0].parent if places[0].name == "__init__.py" else places[0]
                return _describe(name, source, site, _advice(name, source, entries, tests))
    return None


def _compiled_names(distribution: Distribution) -> list[str]:
    """Top-level modules and packages that have compiled files in them."""
    files = [file for file in distribution.files or () if file.suffix == ".so"]
    names = {
        file.parts[0].partition(".")[0] if len(file.parts) == 1 else file.parts[0] for file in files
    }
    return sorted(name for name in names if name.isidentifier())


def _places(name: str) -> list[Path]:
    """Where `name` was imported from, or would be: files, or the folders of a namespace."""
    module = sys.modules.get(name)
    spec: ModuleSpec | None = getattr(module, "__spec__", None)
    if spec is None:
        spec = PathFinder.find_spec(name)
    if spec is None:
        return []
    if spec.has_location and spec.origin is not None:
        return [Path(spec.origin).resolve()]
    return [Path(place).resolve() for place in spec.submodule_search_locations or ()]


def _describe(name: str, place: Path, site: Path, advice: str) -> str:
    return (
        f"{name} is imported from {place}, not from what was built and installed in {site}, so "
        f"nothing of it would be tested with ThreadSanitizer; what to do: {advice}"
    )


def _advice(name: str, source: Path, entries: list[str], tests: Iterable[Path]) -> str:
    above = source.parent
    if any(Path(entry).resolve() == above for entry in entries):
        return f"take {above} out of the suite's `path`"
    if above == STARTED_IN:
        return f"put the suite file into another folder than {above}, and correct its paths"
    if any(test.resolve().is_relative_to(source) for test in tests):
        return (
            f"if the tests are installed with the package, say `target = {name}`; if not, copy "
            f"them to a folder outside of {above} and name that one"
        )
    return "add `args = --import-mode=append` to the suite file"
