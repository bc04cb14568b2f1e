"""Asks the toolchain for a suite's plain environment, and ftstress for its tests."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Tools:
    ftstress: str
    prepare: str


class StageError(Exception):
    """A stage of the way to a run failed: which, what was said, and what to do."""

    def __init__(self, stage: str, said: str, advice: str) -> None:
        super().__init__(stage)
        self.stage = stage
        self.said = said
        self.advice = advice


@dataclass
class Collected:
    tests: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # modules that tests import
    broken: list[str] = field(default_factory=list)  # why files can't be imported, a line each
    said: str = ""


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    progress = os.environ.get("PREPARE_PROGRESS_FD")
    inherited = (int(progress),) if progress else ()
    return subprocess.run(
        command, cwd=folder, text=True, errors="replace", capture_output=True, pass_fds=inherited
    )


def environment(
    tools: Tools, folder: Path, name: str, install: str, requires: list[str]
) -> dict[str, Any]:
    """The plain environment of a suite: env.json. Raises StageError."""
    command = [tools.prepare, "suite", "--plain", "--name", name, "--install", install]
    for requirement in requires:
        command += ["--require", requirement]
    done = _run(command, folder)
    if done.returncode != 0:
        raise StageError("install", done.stderr.strip(), "")
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def collect(tools: Tools, suite: Path) -> Collected:
    """The tests of a suite, and what keeps others from being collected."""
    # Else it would show its own progress in the place of ours.
    command = ["env", "-u", "PREPARE_PROGRESS_FD", tools.ftstress]
    done = _run([*command, "--suite", str(suite), "--list", "--quiet"], suite.parent)
    found = Collected(said=done.stderr.strip())
    if done.returncode == 0:
        found.tests = done.stdout.splitlines()
    else:  # nothing could be collected, for want of a plugin for one
        found.missing += re.findall(r"No module named '([\w.]+)'", done.stderr)
        found.missing += re.findall(r"Failed to import filter module '(\w+)", done.stderr)
    for line in done.stderr.splitlines():
        match = re.search(r"modules that tests import and that are not there: ([^;]*);", line)
        if match:
            found.missing += match[1].split(", ")
        match = re.match(r"ftstress: (\S+ can't be imported: .*)", line)
        if match:
            found.broken.append(match[1])
    return found
