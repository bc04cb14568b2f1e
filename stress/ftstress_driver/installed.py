"""The compiled packages are imported from where they were installed.

The tests of a package often lie in its source tree. Then a folder that holds the sources gets in
front of the installed packages on sys.path: by pytest (it inserts the first folder above the tests
that has no __init__.py), by pytest's own setting `pythonpath`, by a conftest, by `python -m` (the
folder of the suite file) or by the suite's `path`:

    src/                inserted
        words/          would be found first: without its compiled modules, or with some that were
            __init__.py     built in place, without ThreadSanitizer
        tests/
            __init__.py

So these packages are found by a finder of their own, before sys.path is looked at. Tests that lie
in the package's own folder of the sources, and are not installed with it, are its submodules, too:

    src/words/tests/    is words.tests, though words itself is the one that was installed
"""

import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import Distribution, distributions
from pathlib import Path
from types import ModuleType

from .suite import Options


class BuiltFinder:
    """Finds each compiled package in the site folder that it was installed in.

    `beside`: packages of tests, and the folder of the sources in which each lies.
    """

    def __init__(self, sites: Mapping[str, Path], beside: Mapping[str, Path]) -> None:
        self._sites = {name: [str(site)] for name, site in sites.items()}
        self._beside = {name: [str(folder)] for name, folder in beside.items()}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name in self._beside:
            installed = PathFinder.find_spec(name, path, target)
            return installed or PathFinder.find_spec(name, self._beside[name], target)
        site = self._sites.get(name)
        spec = None if site is None else PathFinder.find_spec(name, site, target)
        # A namespace may have parts in other folders.
        return None if spec is None or spec.loader is None or not spec.has_location else spec


def prefer_built(options: Options) -> None:
    """From now on, compiled packages are imported from where they were installed."""
    if built_packages():
        sys.meta_path.insert(0, BuiltFinder(built_packages(), _beside(options)))


@cache
def built_packages() -> dict[str, Path]:
    """Top-level names that have compiled files in them, and the site folder of each."""
    entries = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    found: dict[str, Path] = {}
    for distribution in distributions(path=entries):
        site = Path(str(distribution.locate_file(""))).resolve()
        for name in _compiled_names(distribution):
            found.setdefault(name, site)
    return found


def describe_shadowed(options: Options) -> str | None:
    """One line about a compiled package of which the sources would be tested, or None."""
    for test, top in _among_sources(options):
        site = built_packages()[top.name]
        inner = _folder(test).relative_to(top)
        if inner == Path() or (site / top.name / inner / "__init__.py").exists():
            return (
                f"the tests in {test} are modules of {top.name} in its sources ({top}), but what "
                f"was built and installed is in {site}; what to do: if the tests are installed "
                f"with the package, say `target = {top.name}`; if not, copy them to a folder "
                f"outside of {top} and name that one"
            )
    for name, site in built_packages().items():
        places = _places(name)
        if places and not any(place.is_relative_to(site) for place in places):
            return (
                f"{name} is imported from {places[0]}, not from what was built and installed in "
                f"{site}, so nothing of it would be tested with ThreadSanitizer; what to do: find "
                "what imports it from there, a conftest.py for one"
            )
    return None


def _among_sources(options: Options) -> list[tuple[Path, Path]]:
    """The targets that lie in the sources of a compiled package, and the package's folder there."""
    root = options.rootdir or Path.cwd()
    names = [target.partition("::")[0] for target in options.targets]
    tests = [(root / name).resolve() for name in names if name not in built_packages()]
    tops = [(test, _top_package(test)) for test in tests if test.exists()]
    return [
        (test, top)
        for test, top in tops
        if top is not None
        and top.name in built_packages()
        and not top.is_relative_to(built_packages()[top.name])
    ]


def _beside(options: Options) -> dict[str, Path]:
    """The packages on the way to such targets, below the compiled one, and where each lies."""
    return {
        ".".join(parts[: length + 1]): top.parent.joinpath(*parts[:length])
        for test, top in _among_sources(options)
        for parts in [_folder(test).relative_to(top.parent).parts]
        for length in range(1, len(parts))
    }


def _folder(test: Path) -> Path:
    return test if test.is_dir() else test.parent


def _top_package(test: Path) -> Path | None:
    """The outermost package that a file or folder of tests is part of."""
    folder = _folder(test)
    top = None
    while (folder / "__init__.py").exists():
        top = folder
        folder = folder.parent
    return top


def _compiled_names(distribution: Distribution) -> list[str]:
    """Top-level modules and packages that have compiled files in them."""
    files = [file for file in distribution.files or () if file.suffix == ".so"]
    names = {
        file.parts[0].partition(".")[0] if len(file.parts) == 1 else file.parts[0] for file in files
    }
    return sorted(name for name in names if name.isidentifier())


def _places(name: str) -> list[Path]:
    """Where `name` was imported from: files, or the folders of a namespace."""
    spec: ModuleSpec | None = getattr(sys.modules.get(name), "__spec__", None)
    if spec is None:
        return []
    if spec.has_location and spec.origin is not None:
        return [Path(spec.origin).resolve()]
    return [Path(place).resolve() for place in spec.submodule_search_locations or ()]
