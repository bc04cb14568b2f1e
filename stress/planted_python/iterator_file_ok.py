"""Lines of one file, and of a reader of it: each is taken as a whole."""

import csv
from pathlib import Path

lines = Path(__file__).open(encoding="utf-8")  # noqa: SIM115
rows = csv.reader(["a,b", "c,d"] * 100)


def stress(thread_index):
    for _ in range(5):
        next(lines, None)
        next(rows, None)
