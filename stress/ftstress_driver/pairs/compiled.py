"""Code objects of a type's expressions, and the modules that these name: compiled/TYPE.bin in the
corpus' folder.

To parse and compile the functions of one type takes seconds under ThreadSanitizer, and each
iteration would do so anew. The plain interpreter that lists the pairs does it once.
"""

import contextlib
import importlib.util
import marshal
import os
from pathlib import Path
from types import CodeType

from . import expressions


class Compiled:
    """Of one type."""

    def __init__(self, file: Path | None = None) -> None:
        """file: where it is kept; None: nowhere."""
        self._file = file
        self._codes: dict[tuple[str, str, str], CodeType] = {}
        self._modules: dict[str, list[str]] = {}
        self._changed = False
        if file is None:
            return
        # Of another release of Python, or cut off: it is made again.
        with contextlib.suppress(OSError, ValueError, EOFError, TypeError):
            data = file.read_bytes()
            magic = importlib.util.MAGIC_NUMBER
            if data.startswith(magic):
                self._codes, self._modules = marshal.loads(data[len(magic) :])

    def code(self, source: str, path: str, mode: str) -> CodeType:
        """As compile() gives it. Raises what that raises."""
        key = (source, path, mode)
        found = self._codes.get(key)
        if found is None:
            found = compile(source, path, mode)
            self._codes[key] = found
            self._changed = True
        return found

    def prepare(self, expression: str, names: dict[str, object]) -> None:
        """Imports into `names` what the expression needs."""
        modules = self._modules.get(expression)
        if modules is None:
            modules = expressions.modules_in(expression)
            self._modules[expression] = modules
            self._changed = True
        expressions.bring(modules, names)

    def keep(self) -> None:
        """Others may do so at the same time. Where there is no room, it is made again."""
        if self._file is None or not self._changed:
            return
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(exist_ok=True)
            mine = self._file.with_suffix(f".{os.getpid()}")
            data = marshal.dumps((self._codes, self._modules))
            mine.write_bytes(importlib.util.MAGIC_NUMBER + data)
            mine.replace(self._file)
            self._changed = False
