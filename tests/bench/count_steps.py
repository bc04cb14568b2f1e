"""Instructions of single operations of Python under libraries of ftstress, counted by steps.c.

    count_steps.py STEPS ENV.json ROUNDS BUILD [BUILD ...]

For each operation a row: how many instructions one takes under the library of each build (with its
own tests/interpose/host), and the ratio of the last to the first. Happens-before is as meant, locks
are looked for; a library whose report of hooks says otherwise is an error.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

TIMES = 5  # of a statement between two marks, programs/count_one.py
OPERATIONS = {
    "nothing": "pass",
    "attribute store": "thing.x = value",
    "attribute load": "thing.x",
    "slot store": "slotted.x = value",
    "dict store": 'table["a"] = value',
    "list append": "items.append(value)",
    "list load": "things[5]",
    "instance": "Thing()",
    "lock": "with lock: pass",
    "set add": "found.add(value)",
}
WANTED = ("hook live happens-before as meant:", "hook live locks:")


def count(steps: str, python: str, build: str, statement: str, rounds: int) -> float:
    """The median of the rounds, of all TIMES statements and two marks."""
    library, host = f"{build}/libftstress.so", f"{build}/tests/interpose/host"
    program = str(Path(__file__).parent / "programs" / "count_one.py")
    environment = dict(os.environ, FTSTRESS_HAPPENS_BEFORE="meant", FTSTRESS_LOCKS="on")
    environment["PYTHONHASHSEED"] = "0"
    out = subprocess.run(
        [
            "setarch",
            "-R",
            host,
            os.path.abspath(library),
            os.path.abspath(steps),
            python,
            program,
            statement,
            str(rounds),
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    for hook in WANTED:
        if hook not in out.stdout:
            sys.exit(f"{library}: not '{hook}'\n{out.stdout}{out.stderr}")
    counts = [int(line.split()[1]) for line in out.stderr.splitlines() if line[:6] == "steps "]
    if len(counts) != rounds:
        sys.exit(f"{library}: {statement}: {len(counts)} counts\n{out.stdout}{out.stderr}")
    return statistics.median(counts)


def main() -> None:
    steps, env_file, rounds, *builds = sys.argv[1:]
    python = json.loads(Path(env_file).read_text())["python"]
    empty: dict[str, float] = {}
    for name, statement in OPERATIONS.items():
        row = []
        for build in builds:
            of_all = count(steps, python, build, statement, int(rounds))
            base = empty.setdefault(build, of_all)
            row.append((of_all - base) / TIMES)
        if row[0]:
            cells = "".join(f"{one:10.0f}" for one in row)
            print(f"{name:16}{cells}   {row[-1] / row[0]:.3f}x", flush=True)


if __name__ == "__main__":
    main()
