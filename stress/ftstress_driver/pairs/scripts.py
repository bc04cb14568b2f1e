"""python -m ftstress_driver.pairs.scripts CORPUS --output FOLDER [ID PAIR SEEN]...

Writes a script for each pair, FOLDER/repro_ID.py: the two operations in loops, by threads that
really overlap, on objects made as the corpus makes them. It needs Python and the package alone, so
that it can be given to whoever mends the fault.

Prints one JSON line: {"ID": {"path": ...} or {"why": "..."}}, why there is none.
"""

import argparse
import builtins
import importlib.metadata
import importlib.util
import json
import os
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from .calls import hands_over_another
from .corpus import Corpus, Operation, Type, sides_of
from .expressions import modules_in

TEMPLATE = '''\
"""{kind}: {what}, by threads at once.

Seen by ftstress in {pair}: {seen}.

python3.14t {file} [SECONDS]{needs}
A crash is this process' own end; after a hang of 20 s the stacks are shown; what else went wrong
is said at the end, with exit status 1.
"""
import faulthandler, sys, threading, time
{imports}
SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 10
wrong = []

def make(i):
    o = {make}
{near_the_end}    return o

{functions}
SIDES = (  # what each of two threads does: function, on what, with which arguments
{sides}
)

def prepare(side, objects):
    targets = [(target(o), o2, f, given) for o, o2 in objects for f, target, given in side]
    return [(f, o, given(o, o2)) for o, o2, f, given in targets]

def work(gate, calls):
    gate.wait()
    for f, o, a in calls:
        for _ in range({repeats}):
            try:
                f(o, a)
            except (SystemError, MemoryError) as error:  # no order of correct calls gives these
                wrong.append(repr(error))
            except Exception:
                pass

if getattr(sys, "_is_gil_enabled", lambda: True)():
    sys.exit("this needs a free-threaded Python, with the GIL off")
sys.unraisablehook = lambda unraisable: None
faulthandler.enable()
faulthandler.dump_traceback_later(SECONDS + 20, exit=True)
end = time.monotonic() + SECONDS
while time.monotonic() < end and not wrong:
    objects = [(make(i), make(i)) for i in range({objects})]
    gate = threading.Barrier({threads})
    calls = [prepare(SIDES[i % 2], {crossed}) for i in range({threads})]
    threads = [threading.Thread(target=work, args=(gate, one)) for one in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
faulthandler.cancel_dump_traceback_later()
print(f"wrong: {{wrong[0]}}, {{len(wrong)}} times" if wrong else f"nothing seen in {{SECONDS:g}} s")
sys.exit(1 if wrong else 0)
'''
NEAR_THE_END = """\
    if i % 2:  # every other one near its end, with an item left or none
        for _ in range({items} - i // 2 % 2):
            next(o)
"""
CROSSED = "[p[::-1] if i % 2 and n % 4 > 1 else p for n, p in enumerate(objects)]"
"""For a.merge(b) against b.merge(a): half of the objects the other way round."""
THREADS, OBJECTS, REPEATS = 4, 200, 25


class NoScriptError(Exception):
    """Why there is none."""


@dataclass
class Parts:
    """What a script is put together of."""

    kind: Type
    imports: dict[str, None] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)

    def need(self, expression: str) -> None:
        """The modules that the expression names."""
        for name in modules_in(expression):
            if hasattr(builtins, name.partition(".")[0]) or not _is_module(name):
                continue
            if not _is_everywhere(name):
                raise NoScriptError(f"its objects need {name}, which is the suite's own")
            self._import(name)

    def _import(self, name: str) -> None:
        """A module brings in those that it is below of."""
        if any(other == name or other.startswith(f"{name}.") for other in self.imports):
            return
        parts = name.split(".")
        for i in range(1, len(parts)):
            self.imports.pop(".".join(parts[:i]), None)
        self.imports[name] = None

    def needs(self) -> str:
        """The packages that have to be installed: ", with multidict 7.2.1"."""
        names = sorted({name.partition(".")[0] for name in self.imports})
        packages = dict.fromkeys(one for name in names for one in _installed().get(name, [])[:1])
        versions = [f"{one} {importlib.metadata.version(one)}" for one in packages]
        return f", with {', '.join(versions)}" if versions else ""

    def step(self, operation: Operation, relative: Operation | None) -> str:
        """A line of SIDES; the functions that it names are added."""
        target = "lambda o: o"
        if relative is not None:
            target = f"lambda o: {self.function(relative)}(o, {self.tuple_of(relative)})"
        arguments = f"lambda o, o2: {self.tuple_of(operation)}"
        return f"        ({self.function(operation)}, {target}, {arguments}),"

    def function(self, operation: Operation) -> str:
        """Its name."""
        name = f"do_{operation.function}"
        if operation.taker:
            self.need(operation.code)
        for module in ("copy", "itertools", "pickle", "sys"):
            if f"{module}." in operation.code:
                self._import(module)
        body = operation.code if " = " in operation.code else f"return {operation.code}"
        self.functions[name] = f"def {name}(o, a):\n    {body}\n"
        return name

    def tuple_of(self, operation: Operation) -> str:
        """Its arguments, as source of a tuple."""
        source = operation.arguments.removesuffix(",")
        if not source:
            return "()"
        self.need(f"f({source})")
        return f"({source},)"


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        return False


@cache
def _installed() -> dict[str, list[str]]:
    """The packages that pip has installed, by their modules."""
    return dict(importlib.metadata.packages_distributions())


def _is_everywhere(name: str) -> bool:
    """Is it the standard library's or an installed package's?"""
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names:
        return not name.startswith("test.")
    return top in _installed()


def script_of(kind: Type, pair: str, seen: str, file: str) -> str:
    """The text. Raises NoScriptError, and KeyError for a pair that the corpus has not."""
    parts = Parts(kind)
    parts.need(kind.make)
    sides = sides_of(kind, pair)
    lines = [
        "    [\n" + "\n".join(parts.step(step, side.relative) for step in side.steps) + "\n    ],"
        for side in sides
    ]
    crossed = any(hands_over_another(step) for side in sides for step in side.steps)
    near = NEAR_THE_END.format(items=kind.items) if kind.items >= 0 else ""
    return TEMPLATE.format(
        pair=f"{kind.name}::{pair}",
        kind=kind.type_name,
        what=" and ".join(" then ".join(step.name for step in side.steps) for side in sides),
        crossed=CROSSED if crossed else "objects",
        needs=parts.needs(),
        seen=" ".join(seen.split()).replace("\\", "/").replace('"', "'"),
        file=file,
        imports="".join(f"import {name}\n" for name in sorted(parts.imports)),
        make=kind.make,
        near_the_end=near,
        functions="\n".join(parts.functions.values()),
        sides="\n".join(lines),
        repeats=REPEATS,
        objects=OBJECTS,
        threads=THREADS,
    )


def write(corpus: Corpus, folder: Path, id_: str, pair: str, seen: str) -> dict[str, str]:
    """The path of the script, or why there is none."""
    name, _, sides = pair.partition("::")
    kind = next((kind for kind in corpus.types if kind.name == name), None)
    path = folder / f"repro_{id_}.py"
    try:
        if kind is None:
            raise NoScriptError("the corpus has the type no longer")
        text = script_of(kind, sides, seen, path.name)
    except NoScriptError as error:
        return {"why": str(error)}
    except KeyError:
        return {"why": "the corpus has the pair no longer"}
    except (SyntaxError, ValueError) as error:
        return {"why": f"its calls are no source: {error}"}
    path.write_text(text, encoding="utf-8")
    return {"path": str(path)}


def main() -> int:
    """Returns the exit status."""
    made = argparse.ArgumentParser(prog="python -m ftstress_driver.pairs.scripts")
    made.add_argument("corpus", type=Path)
    made.add_argument("--output", type=Path, required=True)
    made.add_argument("what", nargs="*", metavar="ID PAIR SEEN")
    arguments = made.parse_args()
    corpus = Corpus.load(arguments.corpus)
    triples = zip(*[iter(arguments.what)] * 3, strict=True)
    written = {id_: write(corpus, arguments.output, id_, *rest) for id_, *rest in triples}
    print(json.dumps(written), flush=True)
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)
