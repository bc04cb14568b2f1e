"""What is done of a corpus, kept while it is made: a run that is interrupted goes on from there.

A folder of JSON files, one for each piece of work: what the tests of a file did, the ways to make
objects, each type. It belongs to one corpus, since its name has the hash of all that goes into one.
"""

import contextlib
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any


class Kept:
    """Used by one process; another that makes the same corpus at the same time does no harm."""

    def __init__(self, folder: Path | None) -> None:
        """None: nothing is kept."""
        self._folder = folder

    def get(self, what: str) -> Any:
        """What was kept of that name; None: nothing, or it can't be read."""
        if self._folder is None:
            return None
        with contextlib.suppress(OSError, ValueError):
            return json.loads(self._file(what).read_text(encoding="utf-8"))
        return None

    def put(self, what: str, value: object) -> None:
        """A full disk, say, only means that the work is done again."""
        if self._folder is None:
            return
        file = self._file(what)
        temporary = file.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(value), encoding="utf-8")
            temporary.replace(file)

    def clear(self) -> None:
        """The corpus is made."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _file(self, what: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{hashlib.sha256(what.encode()).hexdigest()[:24]}.json"
