"""Plays the runner: starts a zygote, talks to it, reads the records that it writes on stderr."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
STRESS = ROOT / "stress"
LIMIT = 60
"""Seconds after which a test that waits for the zygote gives up."""


def write_files(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


def environment(**more: str) -> dict[str, str]:
    path = os.pathsep.join([str(STRESS), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, **more}


def collect(
    *arguments: str, cwd: Path | None = None, site: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Runs the collector; `site` is put behind PYTHONPATH."""
    command = [sys.executable, "-m", "ftstress_driver.collect", *arguments]
    variables = environment()
    if site:
        variables["PYTHONPATH"] += f"{os.pathsep}{site}"
    return subprocess.run(
        command,
        env=variables,
        cwd=cwd,
        text=True,
        capture_output=True,
        timeout=LIMIT,
        check=False,
    )


class Iteration:
    """What one `run` brought."""

    def __init__(self, ids: list[str]) -> None:
        self.ids = ids
        self.messages: list[dict[str, Any]] = []
        self.records: list[dict[str, Any]] = []

    @property
    def errors(self) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["op"] == "error"]

    @property
    def ended(self) -> dict[str, Any]:
        return self.messages[-1]

    def outcome(self, id_: str) -> str | None:
        ends = [r for r in self._of(id_) if r["record"] == "TEST_END"]
        return ends[0]["outcome"] if ends else None

    def threads(self, id_: str) -> int:
        return next(int(r["threads"]) for r in self._of(id_) if r["record"] == "TEST_BEGIN")

    def failures(self, id_: str) -> list[dict[str, Any]]:
        return [r for r in self._of(id_) if r["record"] == "TEST_FAIL"]

    def _of(self, id_: str) -> list[dict[str, Any]]:
        return [r for r in self.records if r.get("index") == self.ids.index(id_)]


class Zygote:
    """A zygote of a suite made of `files` in a directory of its own.

    The suite file is in `folder` of that; `site` holds installed packages.
    """

    def __init__(
        self,
        driver: str,
        files: dict[str, str],
        *arguments: str,
        folder: str = "",
        site: str = "",
    ) -> None:
        self._keep = contextlib.ExitStack()
        self.directory = Path(
            self._keep.enter_context(tempfile.TemporaryDirectory(prefix="ftstress-test-"))
        ).resolve()
        write_files(self.directory, files)
        ours, theirs = socket.socketpair()
        ours.settimeout(LIMIT)
        self._socket = self._keep.enter_context(ours)
        self._file = self._keep.enter_context(ours.makefile("r"))
        self._output = self.directory / "output.txt"
        command = [sys.executable, "-m", "ftstress_driver", "--driver", driver]
        start = self.directory / folder
        command += ["--rootdir", str(start), "--path", str(start), *arguments]
        variables = environment(FTSTRESS_CONTROL_FD=str(theirs.fileno()))
        if site:
            variables["PYTHONPATH"] += f"{os.pathsep}{self.directory / site}"
        with theirs, self._output.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                env=variables,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                cwd=start,
            )
        self._read_to = 0
        self._number = 0

    def send(self, op: str, **fields: Any) -> None:
        self._socket.sendall(json.dumps({"op": op, **fields}).encode() + b"\n")

    def receive(self) -> dict[str, Any] | None:
        line = self._file.readline()
        return json.loads(line) if line else None

    def start(self, tests: list[str], threads: int = 3, **more: Any) -> None:
        self._number += 1
        plan: dict[str, Any] = {"seed": 7, "switch_interval": 1e-4, "budget": 30.0, **more}
        self.send("run", iteration=self._number, threads=threads, tests=tests, **plan)

    def finish(self, tests: list[str]) -> Iteration:
        """Waits for the iteration's end."""
        iteration = Iteration(tests)
        while True:
            message = self.receive()
            if message is None:
                raise AssertionError(f"the zygote is gone:\n{self.output()}")
            iteration.messages.append(message)
            if message["op"] == "ended":
                break
        iteration.records = self.records()
        return iteration

    def run(self, tests: list[str], threads: int = 3, **more: Any) -> Iteration:
        self.start(tests, threads, **more)
        return self.finish(tests)

    def output(self) -> str:
        return self._output.read_text(errors="replace")

    def records(self) -> list[dict[str, Any]]:
        """Those since the last call."""
        text = self.output()
        new, self._read_to = text[self._read_to :], len(text)
        lines = [
            line[line.index('{"record"') :] for line in new.splitlines() if '{"record"' in line
        ]
        return [json.loads(line) for line in lines]

    def hang_up(self) -> int:
        """Goes away without a word, as a killed runner does; returns the zygote's status."""
        self._socket.shutdown(socket.SHUT_RDWR)
        return self.process.wait(LIMIT)

    def close(self) -> int:
        with contextlib.suppress(OSError):
            self.send("quit")
        try:
            return self.process.wait(LIMIT)
        finally:
            self.process.kill()
            self._keep.close()
