"""Finds out how a package is tested, and writes a suite file of it.

    python -m trying INSTALL SOURCE SUITE.ini --ftstress PROGRAM --prepare PROGRAM

INSTALL is what is built (a name or a folder), SOURCE its unpacked source. Answers with one line of
JSON on standard output: {"suite", "subject", "tests", "broken", "notes"}. Exit status: 0; or 1
after a message on standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from importlib.metadata import distributions
from pathlib import Path, PurePath

from pip._vendor.packaging.utils import canonicalize_name

from trying.collect import Collected, StageError, Tools, collect, environment
from trying.draft import Draft
from trying.needs import needed, requirement_for
from trying.source import TEST_FILES, Source, count_tests, read_source

ROUNDS = 4  # of adding what tests miss


def progress(text: str) -> None:
    descriptor = os.environ.get("PREPARE_PROGRESS_FD")
    if descriptor:
        os.write(int(descriptor), f"try\t0\t0\t{text}\n".encode())
    else:
        print(f"try: {text}", file=sys.stderr, flush=True)


def installed_tests(site: str, name: str) -> list[str]:
    """Packages, dotted, in which the installed distribution has its tests: the topmost ones."""
    found: set[str] = set()
    for distribution in distributions(name=name, path=[site]):
        for file in distribution.files or []:
            folder = file.parent
            if any(file.match(pattern) for pattern in TEST_FILES) and _importable(site, folder):
                found.add(".".join(folder.parts))
    return [
        place
        for place in sorted(found)
        if not any(place.startswith(other + ".") for other in found)
    ]


def _importable(site: str, folder: PurePath) -> bool:
    named = bool(folder.parts) and all(part.isidentifier() for part in folder.parts)
    return named and (Path(site) / folder / "__init__.py").is_file()


def choose_targets(source: Source, site: str, folder: Path) -> list[list[str]]:
    """The targets to try, best first: where more files with tests are."""
    installed = installed_tests(site, source.name)
    choices = []
    if installed:
        count = sum(count_tests(Path(site, *place.split("."))) for place in installed)
        choices.append((count, installed))
    if source.places:
        paths = [source.folder / place for place in source.places]
        count = sum(count_tests(path) for path in paths)
        choices.append((count, [os.path.relpath(path, folder) for path in paths]))
    # Of as many files, those that are imported as their package means it.
    return [targets for _, targets in sorted(choices, key=lambda choice: -choice[0])]


class Attempt:
    """One package, from its source to a suite file whose tests are collected."""

    def __init__(self, tools: Tools, source: Source, install: str, suite: Path) -> None:
        self.tools = tools
        self.source = source
        self.suite = suite
        self.first, self.later = needed(source)
        subject = f"{source.name} {source.version}".strip()
        self.draft = Draft(subject, install, [str(r) for r in self.first])

    def install(self) -> str:
        """Gets the plain environment; returns its site folder.

        Of requirements that can't be had together, only pytest and its plugins are kept: what tests
        then miss is asked for by name.
        """
        progress(f"installing {self.draft.subject} and what its tests need")
        try:
            return self._environment()
        except StageError:
            plugins = [r for r in self.first if canonicalize_name(r.name).startswith("pytest")]
            if len(plugins) == len(self.first):
                raise
        self.later += [r for r in self.first if r not in plugins]
        self.draft.requires = [str(r) for r in plugins]
        site = self._environment()
        self.draft.notes.append("not all that its tests ask for could be installed together")
        return site

    def _environment(self) -> str:
        answer = environment(
            self.tools,
            self.suite.parent,
            self.suite.stem,
            self.draft.install,
            self.draft.requires,
        )
        return str(answer["plain_site"][-1])

    def collect(self) -> Collected:
        """Writes the suite and asks for its tests, again with each requirement that they miss."""
        asked: set[str] = set()
        for _ in range(ROUNDS):
            self.draft.write(self.suite)
            progress(f"looking for the tests of {self.draft.subject}")
            found = collect(self.tools, self.suite)
            new = {m: requirement_for(m, self.later) for m in found.missing if m not in asked}
            asked |= new.keys()
            additions = [r for r in new.values() if r and r not in self.draft.requires]
            if not additions:
                return found
            self.draft.requires += additions
            try:
                self._environment()
            except StageError:
                self.draft.requires = self.draft.requires[: -len(additions)]
                self.draft.notes.append(f"can't be installed: {', '.join(additions)}")
                return found
        return found

    def run(self) -> Collected:
        site = self.install()
        choices = choose_targets(self.source, site, self.suite.parent)
        if not choices:
            told = f"no tests of {self.draft.subject}: {NO_TESTS}"
            raise StageError("collect", told, ADVICE_NO_TESTS)
        best: tuple[Collected, list[str]] | None = None
        for targets in choices:
            self.draft.targets = targets
            found = self.collect()
            if best is None or len(found.tests) > len(best[0].tests):
                best = (found, targets)
            if found.tests and len(found.broken) * 4 <= len(found.tests):
                break
        assert best is not None
        found, self.draft.targets = best
        self.draft.write(self.suite)
        if not found.tests:
            advice = f"correct {self.suite.name}, then the same command again."
            raise StageError("collect", found.said, advice)
        return found


NO_TESTS = "neither its source nor what is installed of it has files that pytest takes for tests"
ADVICE_NO_TESTS = (
    "many packages leave their tests out of what they publish: clone its repository and run "
    "`ftstress try FOLDER`."
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="trying")
    parser.add_argument("install")
    parser.add_argument("source", type=Path)
    parser.add_argument("suite", type=Path)
    parser.add_argument("--ftstress", required=True)
    parser.add_argument("--prepare", required=True)
    options = parser.parse_args()
    source = read_source(options.source)
    tools = Tools(options.ftstress, options.prepare)
    try:
        attempt = Attempt(tools, source, options.install, options.suite.resolve())
        found = attempt.run()
    except StageError as error:
        print(error.said, file=sys.stderr)
        print(f"try: failed at the stage: {error.stage}", file=sys.stderr)
        if error.advice:
            print(f"What to do: {error.advice}", file=sys.stderr)
        return 1
    print(
        json.dumps(
            {
                "suite": str(options.suite),
                "subject": attempt.draft.subject,
                "tests": len(found.tests),
                "broken": found.broken,
                "notes": attempt.draft.notes,
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
