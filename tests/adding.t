#!/usr/bin/env python3
"""TAP: what docs/adding.md says is enough: a file and a line.

Each folder of tests/adding is a sample of what can be added:

    tree/    the new files, at their places
    line     "FILE: LINE" and, below it, what comes behind that line of that file
    check    run in a copy of the tree that has them and was built: does it work?

The copy takes what is built along, so that only what is new is compiled.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))
import tap

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = shutil.ignore_patterns(".git", "sanitized", "tests", "*.db", "reports.of", ".venv")


def copy_tree(to: Path) -> None:
    """What a build needs, with the times that make goes by."""
    for name in ("Makefile", "build", "include", "interpose", "reports", "runner", "stress"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, to / name, ignore=LEFT_OUT, symlinks=True)
        else:
            shutil.copy2(ROOT / name, to / name)
    (to / "tests").mkdir()
    shutil.copy2(ROOT / "tests/rules.mk", to / "tests/rules.mk")


def add(sample: Path, to: Path) -> None:
    """The sample's files, and its line in the list that there is."""
    shutil.copytree(sample / "tree", to, dirs_exist_ok=True)
    place, *lines = (sample / "line").read_text().splitlines()
    name, _, behind = place.partition(": ")
    listed = (to / name).read_text().splitlines()
    at = listed.index(behind) + 1
    (to / name).write_text("\n".join([*listed[:at], *lines, *listed[at:]]) + "\n")


def run(folder: Path, *command: str) -> tuple[bool, str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    done = subprocess.run(
        ["timeout", "300", *command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode == 0, "\n".join(done.stdout.splitlines()[-40:])


def main() -> int:
    for sample in sorted(path for path in (ROOT / "tests/adding").iterdir() if path.is_dir()):
        with tempfile.TemporaryDirectory(prefix="ftstress-adding-") as folder:
            copy = Path(folder)
            copy_tree(copy)
            add(sample, copy)
            built, said = run(copy, "make", "-j2", "all")
            if not tap.ok(built, f"a {sample.name} is a file and a line: it builds", said):
                continue
            works, said = run(copy, str(sample / "check"))
            tap.ok(works, f"and the new {sample.name} works", said)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
