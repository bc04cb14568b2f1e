"""python -m ftstress_driver.standalone --driver D --folder FOLDER --id ID --title TEXT TEST FILE

Writes FILE, a script that runs one test in threads that overlap, with Python and the package alone:
for whoever mends the fault, and has no ftstress.

Prints one JSON line: {"lines": N}, or {"why": "..."} if there can be none.
"""

import argparse
import ast
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .drivers import roles

TEMPLATE = '''\
"""{title}

Found by ftstress ({id}); a ThreadSanitizer build of free-threaded CPython shows it:
{path}python3.14t {file}
"""
{future}import faulthandler, os, subprocess, sys, threading
THREADS, ROUNDS = {threads}, {rounds}
if len(sys.argv) < 2:  # each round in a process of its own, until one shows it
    for _ in range(ROUNDS):
        status = subprocess.call([sys.executable, __file__, "once"])
        if status:
            sys.exit(status if status > 0 else 128 - status)
    sys.exit()
faulthandler.dump_traceback_later(20, exit=True)  # if it hangs
os.environ["FTSTRESS_THREADS"] = str(THREADS)
{source}
def _run_in_threads(bodies, count):
    gate = threading.Barrier(count)
    def work(thread):
        gate.wait()
        bodies[thread % len(bodies)](thread)
    threads = [threading.Thread(target=work, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
_run_in_threads([{bodies}], int(os.environ["FTSTRESS_THREADS"]))
{end}'''
ROUNDS = 20


class NoScriptError(Exception):
    """Why there is none."""


@dataclass
class Parts:
    """What the script is put together of."""

    source: list[str] = field(default_factory=list)
    bodies: str = ""
    end: str = ""
    future: str = ""
    """What has to stand before all other statements."""


def _is_definition(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def needed(tree: ast.Module, wanted: set[str]) -> list[ast.stmt]:
    """The statements of the module, without its docstring and what the wanted names don't need."""
    body = tree.body[ast.get_docstring(tree) is not None :]
    names = set(wanted)
    for node in body:
        if not _is_definition(node):
            names |= _names(node)
    definitions: dict[str, ast.stmt] = {
        str(getattr(node, "name", "")): node for node in body if _is_definition(node)
    }
    todo = list(names)
    while todo:
        name = todo.pop()
        if name in definitions:
            more = _names(definitions.pop(name)) - names
            names |= more
            todo += more
    return [node for node in body if node not in definitions.values()]


def _numbers(node: ast.AST) -> range:
    """Of the lines that it stands in."""
    first, last = getattr(node, "lineno", 1), getattr(node, "end_lineno", 0)
    decorators = getattr(node, "decorator_list", [])
    return range(min([first, *(one.lineno for one in decorators)]), last + 1)


def _text(text: str, nodes: Sequence[ast.stmt]) -> list[str]:
    """The lines that the statements stand in, without empty ones but those of a text."""
    lines = text.splitlines()
    numbers = sorted({number for node in nodes for number in _numbers(node)})
    texts = {
        number
        for node in nodes
        for inner in ast.walk(node)
        if isinstance(inner, ast.Constant | ast.JoinedStr)
        for number in _numbers(inner)
    }
    return [lines[at - 1] for at in numbers if lines[at - 1].strip() or at in texts]


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def of_script(path: Path, functions: Sequence[str]) -> Parts:
    """A file of the driver "script"."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text, str(path))
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    if not defined.issuperset(functions):
        raise NoScriptError(f"{path.name} starts its threads itself: it is a script already")
    extra = [name for name in ("setup", "check") if name in defined]
    parts = Parts()
    imports = {alias.name.partition(".")[0] for node in ast.walk(tree) for alias in _aliases(node)}
    if any(
        (path.parent / name).is_dir() or (path.parent / f"{name}.py").exists() for name in imports
    ):
        parts.source.append(f"sys.path.insert(0, {str(path.parent)!r})")
    nodes = needed(tree, {*functions, *extra})
    parts.future = "".join(f"{line}\n" for line in _text(text, list(filter(_is_future, nodes))))
    parts.source += _text(text, [node for node in nodes if not _is_future(node)])
    parts.bodies = ", ".join(functions)
    if "setup" in extra:
        parts.source.append("setup()")
    parts.end = "check()\n" if "check" in extra else ""
    return parts


def _aliases(node: ast.AST) -> list[ast.alias]:
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        return [ast.alias(node.module)]
    return node.names if isinstance(node, ast.Import) else []


def _module(path: Path) -> tuple[Path, str]:
    """Where it is imported from, and by which name."""
    names, folder = [path.stem], path.parent
    while (folder / "__init__.py").exists():
        names.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(names)


def of_tests(path: Path, names: Sequence[str]) -> Parts:
    """A function or a method of the drivers "pytest" and "unittest"."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    found: ast.AST | None = tree
    for name in names:
        inner = [one for one in getattr(found, "body", []) if getattr(one, "name", None) == name]
        found = inner[0] if inner else None
    if not isinstance(found, ast.FunctionDef):
        raise NoScriptError(f"{'::'.join(names)} is not written out in {path.name}")
    arguments = [one.arg for one in found.args.args]
    if arguments[len(names) - 1 :] or found.decorator_list:
        raise NoScriptError("its test has fixtures, parameters or marks, which take its framework")
    folder, module = _module(path)
    parts = Parts([f"sys.path.insert(0, {str(folder)!r})", f"import {module} as tests"])
    call = f"tests.{names[0]}()"
    if len(names) > 1:
        call = f"tests.{names[0]}().{names[1]}()"
        parts.source.append("import unittest")
        parts.source.append(f"def run_as_unittest():\n    tests.{names[0]}({names[1]!r}).debug()")
        call = f"run_as_unittest() if issubclass(tests.{names[0]}, unittest.TestCase) else {call}"
    parts.source.append(f"def body(thread):\n    {call}")
    parts.bodies = "body"
    return parts


def find(folder: Path, file: str) -> Path:
    """The test's file: ids are relative to the suite's folder, or to one above it."""
    for above in (folder, *folder.parents):
        if (above / file).is_file():
            return (above / file).resolve()
    for above in map(Path, sys.path):
        if (above / file).is_file():
            return above / file
    raise NoScriptError(f"{file} was not found")


def parts_of(driver: str, folder: Path, test: str) -> Parts:
    """Raises NoScriptError."""
    file, _, rest = test.partition("::")
    if "[" in rest:
        raise NoScriptError("its test has parameters, which take its framework")
    path = find(folder, file)
    if driver == "script":
        return of_script(path, rest.split(roles.SEPARATOR) if rest else ["stress"])
    return of_tests(path, rest.split("::"))


def main() -> int:
    """Returns the exit status."""
    made = argparse.ArgumentParser(prog="python -m ftstress_driver.standalone")
    made.add_argument("--driver", required=True)
    made.add_argument("--folder", type=Path, required=True)
    made.add_argument("--id", required=True)
    made.add_argument("--title", required=True)
    made.add_argument("--threads", type=int, default=2)
    made.add_argument("--site", default="")
    made.add_argument("test")
    made.add_argument("file", type=Path)
    given = made.parse_args()
    try:
        parts = parts_of(given.driver, given.folder.resolve(), given.test)
    except (NoScriptError, OSError, SyntaxError, ValueError) as error:
        print(json.dumps({"why": str(error)}))
        return 0
    text = TEMPLATE.format(
        title=" ".join(given.title.split()).replace("\\", "/").replace('"', "'"),
        id=given.id,
        path=f"PYTHONPATH={given.site} " if given.site else "",
        file=given.file.name,
        source="\n".join(parts.source),
        threads=given.threads,
        rounds=ROUNDS,
        bodies=parts.bodies,
        end=parts.end,
        future=parts.future,
    )
    given.file.write_text(text, encoding="utf-8")
    print(json.dumps({"lines": text.count("\n")}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
