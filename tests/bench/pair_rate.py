"""Pairs a minute (--pairs) of cheap operations: those of datetime, two workers side by side.

pair_rate.py FTSTRESS

A run of one iteration is taken off: the start of Python, the harvest.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

TEST = """
import datetime, unittest

class Test(unittest.TestCase):
    def test_make(self):
        datetime.date(2020, 1, 2).replace(2021)
        datetime.datetime(2020, 1, 2).replace(2021)
        datetime.timedelta(1).total_seconds()
"""
SUITE = """
[suite]
driver = unittest
target = test_bench_pairs
path = .
"""
TYPES = ("datetime.date", "datetime.datetime", "datetime.timedelta")


def run(ftstress: pathlib.Path, folder: pathlib.Path, iterations: int) -> tuple[int, float]:
    """Pairs that were run, in how many seconds."""
    output = folder / f"out{iterations}"
    suite = str(folder / "bench_pairs.ini")
    command = [str(ftstress), "--suite", suite, "--pairs", *TYPES, "--quiet"]
    command += ["--iterations", str(iterations), "--jobs", "2", "--seed", "1"]
    start = time.monotonic()
    done = subprocess.run(
        [*command, "--format", "json", "--output", str(output)], capture_output=True
    )
    seconds = time.monotonic() - start
    reports = list(output.glob("*.json"))
    assert reports, done.stderr.decode()
    return json.loads(reports[0].read_text())["run"]["tests"]["run"], seconds


def main() -> None:
    ftstress = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "test_bench_pairs.py").write_text(TEST)
        (folder / "bench_pairs.ini").write_text(SUITE)
        run(ftstress, folder, 1)  # the harvest, once
        few, short = run(ftstress, folder, 1)
        many, long = run(ftstress, folder, 8)
    print(f"pairs    {(many - few) / (long - short) * 60:.0f} a minute, of cheap operations")


if __name__ == "__main__":
    main()
