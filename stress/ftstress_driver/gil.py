"""Which import switched the GIL back on.

An extension module that doesn't declare itself safe without the GIL enables it for the whole
process when it is loaded. CPython decides that in _imp.create_dynamic() (Python/import.c,
_PyImport_CheckGILForModule), which only ExtensionFileLoader.create_module calls:

    create A                                  the GIL is on for the moment
    |  A's init function imports B: create B  the GIL is on for the moment
    |  B is there, and declared               still on, because of A
    A is there, and declared                  off again

So only what is on when no module is being created has come to stay. Who did it is told by what each
module has declared.
"""

import ctypes
import os
import sys
import threading
import types
from collections.abc import Callable
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from pathlib import Path
from typing import Any


def _layout() -> dict[str, str]:
    """Where CPython's structures have their members in this build: include/ftstress/layout.h."""
    release = f"{sys.version_info.major}.{sys.version_info.minor}.txt"
    usual = Path(__file__).parent.parent / "toolchain" / "layouts" / release
    try:
        lines = Path(os.environ.get("FTSTRESS_LAYOUT") or usual).read_text("ascii").splitlines()
        layout = dict(line.split() for line in lines[1:])
    except (OSError, ValueError):
        return {}
    header = int(layout["PyObject.ob_type"]) + ctypes.sizeof(ctypes.c_void_p)
    return layout if header == object.__basicsize__ else {}  # else this one has a GIL


def _member(layout: dict[str, str], name: str) -> int | None:
    """Where PyModuleObject has it; None if it has none."""
    place = layout.get(f"PyModuleObject.{name}", "-")
    return None if place == "-" else int(place)


_LAYOUT = _layout()
_MD_GIL = _member(_LAYOUT, "md_gil")
_MD_REQUIRES_GIL = _member(_LAYOUT, "md_requires_gil")
"""3.13 and 3.14 have the one, a pointer that is not NULL; 3.15 the other, a bool."""


def enabled() -> bool:
    """Whether the GIL is on; always true in a build that has no other mode."""
    ask = getattr(sys, "_is_gil_enabled", None)
    return True if ask is None else bool(ask())


def kept_off() -> bool:
    """Whether the user keeps the GIL off, whatever is imported."""
    return os.environ.get("PYTHON_GIL") == "0" and not enabled()


def declared(module: object) -> bool:
    """Whether an extension module says that it needs no GIL, as CPython itself asks."""
    if not isinstance(module, types.ModuleType):
        return False
    if _MD_GIL is not None:
        return ctypes.c_void_p.from_address(id(module) + _MD_GIL).value is not None
    if _MD_REQUIRES_GIL is not None:
        return not ctypes.c_bool.from_address(id(module) + _MD_REQUIRES_GIL).value
    return True  # nothing is known, so nobody is blamed


class Watch:
    """Calls `report(module)` once, when an import enables the GIL. One instance a process.

    overruled   called instead, for each module that would enable it where it is kept off
    """

    def __init__(
        self,
        report: Callable[[str], object],
        overruled: Callable[[str], object] = lambda module: None,
    ) -> None:
        self.module: str | None = None
        self._report = report
        self._overruled = overruled
        self._lock = threading.Lock()  # CPython stops the world here: it orders nothing more
        self._creating = 0
        self._blamed: str | None = None

    def install(self) -> None:
        """From now on; a GIL that is on already is what the user asked for."""
        if enabled():
            return
        create = ExtensionFileLoader.create_module
        watch = self

        def create_module(loader: ExtensionFileLoader, spec: ModuleSpec) -> Any:
            return watch.follow(spec.name, lambda: create(loader, spec))

        ExtensionFileLoader.create_module = create_module  # type: ignore

    def follow(self, name: str, create: Callable[[], Any]) -> Any:
        """Creates a module and looks whether that has switched the GIL on for good."""
        with self._lock:
            self._creating += 1
        module = None
        try:
            module = create()
            return module
        finally:
            self._created(name, module)

    def _created(self, name: str, module: object) -> None:
        blames = module is not None and not declared(module)
        with self._lock:
            self._creating -= 1
            if blames and self._blamed is None:
                self._blamed = name
            stays = self._creating == 0 and self.module is None and enabled()
            if stays:
                self.module = self._blamed or name
        if stays:
            assert self.module is not None
            self._report(self.module)
        elif blames and kept_off():
            self._overruled(name)
