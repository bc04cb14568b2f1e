"""Make Cython write #line directives, so that stacks show the .pyx line and not the generated C.

The plain interpreter's ftstress_cython_lines.pth imports this at start-up (pip's isolated build
environments run that too, and nothing else that we could reach into them with). It acts only
while `prepare` builds a package (FTSTRESS_CYTHON_LINES=1): there is no environment variable of
Cython's own, and build backends differ in how, or whether, they pass the option on.
"""

from __future__ import annotations

import os
import sys

_TARGET = "Cython.Compiler.Options"


class _Finder:
    """Meta path finder that lets the others find Cython's options, then sets one default."""

    @staticmethod
    def find_spec(name, path=None, target=None):  # type: ignore[no-untyped-def]
        if name != _TARGET:
            return None
        for finder in sys.meta_path:
            if finder is _Finder:
                continue
            spec = finder.find_spec(name, path, target)
            if spec is None or spec.loader is None:
                continue
            execute = spec.loader.exec_module

            def exec_module(module):  # type: ignore[no-untyped-def]
                execute(module)
                if "emit_linenums" in getattr(module, "default_options", {}):
                    module.default_options["emit_linenums"] = True

            spec.loader.exec_module = exec_module
            return spec
        return None


if os.environ.get("FTSTRESS_CYTHON_LINES") == "1":
    sys.meta_path.insert(0, _Finder)  # type: ignore[arg-type]
