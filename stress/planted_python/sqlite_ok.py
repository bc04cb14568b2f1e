"""SQLite's transactions, of each thread's own connection, as locks."""

import sqlite3
import tempfile
from pathlib import Path

folder = tempfile.mkdtemp()
totals = {"wal": 0, "delete": 0}


def connect(mode):
    return sqlite3.connect(Path(folder) / mode, timeout=60, isolation_level=None)


for mode in totals:
    base = connect(mode)
    base.execute(f"PRAGMA journal_mode = {mode}")
    base.close()


def stress(thread_index):
    for mode in totals:
        base = connect(mode)
        for _ in range(5):
            base.execute("BEGIN IMMEDIATE")
            totals[mode] += 1
            base.execute("COMMIT")
        base.close()
