"""Exceptions of tests as text."""

import os
import sysconfig
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

_OWN = str(Path(__file__).parent) + os.sep
_HARNESS = (
    f"{os.sep}_pytest{os.sep}",
    f"{os.sep}pluggy{os.sep}",
    f"{os.sep}unittest{os.sep}case.py",
    f"{os.sep}unittest{os.sep}async_case.py",
)


@dataclass(frozen=True)
class Failure:
    """What one thread of a test raised; `thread` None: set-up, tear-down or no thread."""

    thread: int | None
    type_name: str
    message: str
    traceback: str


def describe(error: BaseException, thread: int | None) -> Failure:
    """`error` without the frames of the driver and of the test framework."""
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ not in ("builtins", "__main__"):
        name = f"{kind.__module__}.{name}"
    try:
        message = str(error)
    except Exception as broken:
        message = f"<str() of this exception raised {type(broken).__name__}>"
    return Failure(thread, name, message, _format(error))


def describe_all(errors: Sequence[BaseException | None]) -> Iterator[Failure]:
    """What threads raised, of each in the order of the threads.

    Threads mostly raise the same at the same place, and a traceback takes some 30 ms under
    ThreadSanitizer: it is made once for all of these.
    """
    made: dict[object, Failure] = {}
    for thread, error in enumerate(errors):
        if error is None:
            continue
        key = _key(error)
        if key is None or key not in made:
            failure = describe(error, thread)
            made[key] = failure
        yield replace(made[key], thread=thread)


def _key(error: BaseException) -> object:
    """The same for exceptions whose tracebacks read the same; None if that is not known."""
    if error.__cause__ is not None or error.__context__ is not None:
        return None
    if isinstance(error, BaseExceptionGroup):
        return None
    try:
        message = str(error)
    except Exception:
        return None
    places = [
        (frame.f_code.co_filename, line, frame.f_code.co_qualname)
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    notes = tuple(map(str, getattr(error, "__notes__", ())))
    return type(error), message, notes, tuple(places)


def _format(error: BaseException) -> str:
    try:
        report = traceback.TracebackException.from_exception(error, compact=True)
        frames = [_plain(frame) for frame in report.stack if not _is_harness(frame.filename)]
        if frames:
            report.stack = traceback.StackSummary.from_list(frames)
        return "".join(report.format())
    except Exception as broken:
        return f"<the traceback could not be formatted: {broken!r}>\n"


def _plain(frame: traceback.FrameSummary) -> traceback.FrameSummary:
    """Without the marks under the line: for them Python compiles it."""
    return traceback.FrameSummary(frame.filename, frame.lineno, frame.name, line=frame.line)


def _is_harness(filename: str) -> bool:
    return filename.startswith((_OWN, "<frozen")) or any(part in filename for part in _HARNESS)


def explain_import(error: BaseException, root: Path) -> str:
    """Why a suite can't be opened, in one line: what, where in the user's code, what to do.

    Places are told relative to `root`.
    """
    cause = error
    # pytest's ConftestImportFailure says less than what it was raised from.
    while cause.__cause__ is not None and type(cause).__module__.startswith(("_pytest", "pluggy")):
        cause = cause.__cause__
    text = f"{type(cause).__name__}: {cause}".strip().splitlines()[0][:300]
    if isinstance(cause, SyntaxError) and cause.filename:
        text = f"{type(cause).__name__}: {cause.msg}"
        place = f"{_shown(cause.filename, root)}:{cause.lineno}"
    else:
        place = _place(cause, root)
    advice = "; nothing can be tested until that is mended"
    if isinstance(cause, ModuleNotFoundError) and cause.name:
        advice = (
            f"; what provides {cause.name} belongs into `require` in [suite], "
            "or the folder that it lies in into `path`"
        )
    return f"{text}{f', at {place}' if place else ''}{advice}"


def _place(error: BaseException, root: Path) -> str:
    """The line of the user's code that an exception came through last; "" if there is none."""
    own = [str(root) + os.sep, str(Path.cwd()) + os.sep]
    library = tuple(sysconfig.get_path(name) + os.sep for name in ("stdlib", "purelib"))
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not _is_harness(frame.filename) and not frame.filename.startswith((*library, "<"))
    ]
    inside = [frame for frame in frames if frame.filename.startswith(tuple(own))]
    if not frames:
        return ""
    frame = (inside or frames)[-1]
    line = f" ({frame.line})" if frame.line else ""
    return f"{_shown(frame.filename, root)}:{frame.lineno}{line}"


def _shown(filename: str, root: Path) -> str:
    path = Path(filename)
    return str(path.relative_to(root)) if path.is_relative_to(root) else filename
