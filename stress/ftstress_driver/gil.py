"""Which import switched the GIL back on.

An extension module that doesn't declare itself safe without the GIL enables it for the whole
process when it is loaded. CPython decides that in _imp.create_dynamic() (Python/import.c,
_PyImport_CheckGILState), which only ExtensionFileLoader.create_module calls.
"""

import sys
from collections.abc import Callable
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from typing import Any


def enabled() -> bool:
    """Whether the GIL is on; always true in a build that has no other mode."""
    ask = getattr(sys, "_is_gil_enabled", None)
    return True if ask is None else bool(ask())


class Watch:
    """Calls `report(module)` once, when an import enables the GIL. One instance a process."""

    def __init__(self, report: Callable[[str], object]) -> None:
        self.module: str | None = None
        self._report = report

    def install(self) -> None:
        """From now on; a GIL that is on already is what the user asked for."""
        if enabled():
            return
        create = ExtensionFileLoader.create_module
        watch = self

        def create_module(loader: ExtensionFileLoader, spec: ModuleSpec) -> Any:
            module = create(loader, spec)
            if watch.module is None and enabled():
                watch.module = spec.name
                watch._report(spec.name)
            return module

        ExtensionFileLoader.create_module = create_module  # type: ignore
