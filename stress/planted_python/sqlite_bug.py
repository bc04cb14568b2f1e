"""A count behind the end of SQLite's transaction."""

import sqlite3
import tempfile
from pathlib import Path

folder = tempfile.mkdtemp()
total = 0


def stress(thread_index):
    global total
    base = sqlite3.connect(Path(folder) / "base", timeout=60, isolation_level=None)
    for _ in range(5):
        base.execute("BEGIN IMMEDIATE")
        base.execute("COMMIT")
        total += 1
    base.close()
