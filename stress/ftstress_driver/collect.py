"""python -m ftstress_driver.collect: lists a suite's tests, or selects among them.

    --driver D --target T ... [--rootdir DIR] --output FILE      writes the list as JSON
    --select EXPR --input FILE                                   prints the ids that match

Runs in the plain interpreter. Exit status 4 and one line on stderr when the suite can't be
collected at all, sources would be tested instead of what was built from them, or the expression is
wrong; a file that can't be imported is listed in `errors`.
"""

import contextlib
import json
import os
import re
import sys
import traceback
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from .cli import options_from, parser
from .drivers import find_driver
from .expression import Expression, ExpressionError
from .failures import explain_import
from .installed import describe_shadowed
from .suite import Listed, Options, Suite, SuiteError

SCHEMA = 1
EXIT_UNUSABLE = 4


def collect(suite: Suite, options: Options, output: Path) -> None:
    """Writes the list of the suite's tests, sorted by id."""
    tests: dict[str, Listed] = {}
    errors: dict[tuple[str, str], dict[str, str]] = {}
    for found in suite.list_tests():
        if isinstance(found, Listed):
            tests.setdefault(found.id, found)
        else:
            # A file can be collected twice: with --doctest-modules.
            error = {"file": found.file, "message": found.message, "traceback": found.traceback}
            errors.setdefault((found.file, found.message), error)
    rootdir = suite.rootdir or options.rootdir or Path.cwd()
    rows = [
        {
            "id": test.id,
            "file": test.file,
            "keywords": list(test.keywords),
            "unsafe": test.unsafe,
            **({"stage": test.stage} if test.stage else {}),
        }
        for _, test in sorted(tests.items())
    ]
    told = list(errors.values())
    document = {"schema": SCHEMA, "rootdir": str(rootdir), "tests": rows, "errors": told}
    document["notes"] = [*suite.notes, *_missing(told)]
    if not rows:
        document["where"] = suite.where()
    output.write_text(json.dumps(document), encoding="utf-8")


def _missing(errors: Sequence[Mapping[str, str]]) -> list[str]:
    """A line with all modules that could not be found, so that they are added at one go."""
    found = (re.search(r"No module named '(\w+)", error["message"]) for error in errors)
    names = sorted({match[1] for match in found if match is not None})
    if not names:
        return []
    return [
        f"modules that tests import and that are not there: {', '.join(names)}; add what has them "
        "to the suite's `require`"
    ]


def select(text: str, source: Path) -> None:
    """Prints the ids of `source` that match."""
    expression = Expression(text)
    document = json.loads(source.read_text(encoding="utf-8"))
    for test in document["tests"]:
        if expression.matches(test["keywords"]):
            print(test["id"])


def main() -> int:
    """Returns the exit status."""
    made = parser("python -m ftstress_driver.collect", "Lists a suite's tests, or selects.")
    made.add_argument("--output", type=Path, help="where the list goes")
    made.add_argument("--select", metavar="EXPR", help="an expression as pytest's -k")
    made.add_argument("--input", type=Path, help="a list to select from")
    arguments = made.parse_args()
    if arguments.select is not None:
        try:
            if arguments.input is None:
                Expression(arguments.select)
            else:
                select(arguments.select, arguments.input)
        except (ExpressionError, OSError, ValueError) as error:
            return _unusable(str(error))
        return 0
    if arguments.output is None:
        made.error("--output or --select is needed")
    try:
        options = options_from(arguments)
    except SuiteError as error:
        return _unusable(str(error))
    output = arguments.output.resolve()
    root = options.rootdir or Path.cwd()
    try:
        # stdout is for the ids of --select: what tests print at import is not for it.
        with contextlib.redirect_stdout(sys.stderr):
            suite = find_driver(arguments.driver).open(options)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                collect(suite, options, output)
    except SuiteError as error:
        return _unusable(describe_shadowed(options) or str(error))
    except Exception as error:
        shadowed = describe_shadowed(options)
        if shadowed is not None:
            return _unusable(shadowed)
        if os.environ.get("FTSTRESS_DEBUG"):
            traceback.print_exc()
        return _unusable(f"{' '.join(options.targets)}: {explain_import(error, root)}")
    shadowed = describe_shadowed(options)
    return 0 if shadowed is None else _unusable(shadowed)


def _unusable(message: str) -> int:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    print(f"ftstress: {'; '.join(lines) or 'unknown error'}", file=sys.stderr)
    return EXIT_UNUSABLE


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # What the suite's modules registered for the interpreter's end is not ours to run.
    os._exit(status)
