"""The command line that zygote and collector share."""

import argparse
import shlex
import sys
from pathlib import Path

from .drivers import DRIVER_NAMES
from .installed import prefer_built
from .suite import Options, SuiteError


def parser(program: str, description: str) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog=program, description=description, allow_abbrev=False)
    made.add_argument("--driver", choices=DRIVER_NAMES)
    made.add_argument(
        "--target", action="append", default=[], help="package, path, module or glob; repeatable"
    )
    made.add_argument("--rootdir", type=Path, help="targets are relative to it")
    made.add_argument(
        "--arg",
        action="append",
        default=[],
        help="further arguments of the driver, split as a shell would; repeatable",
    )
    made.add_argument(
        "--unsafe", action="append", default=[], help="id or glob: one thread only; repeatable"
    )
    made.add_argument(
        "--path", action="append", default=[], help="put in front of sys.path; repeatable"
    )
    return made


def options_from(arguments: argparse.Namespace) -> Options:
    """Raises SuiteError."""
    if arguments.driver is None or not arguments.target:
        sys.exit("ftstress_driver: --driver and --target are needed")
    sys.path[:0] = [str(Path(path).resolve()) for path in arguments.path]
    # Whatever the environment says: compiling anew costs a zygote under TSan half a minute.
    sys.dont_write_bytecode = False
    rootdir = arguments.rootdir.resolve() if arguments.rootdir else None
    words = [word for line in arguments.arg for word in _words(line)]
    options = Options(arguments.target, rootdir, words, arguments.unsafe)
    prefer_built(options)
    return options


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise SuiteError(
            f"args: {line}: {error}; a line is split as a shell would: quote what has blanks"
        ) from error
