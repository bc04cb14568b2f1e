"""Exceptions of tests as text."""

import os
import traceback
from dataclasses import dataclass
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


def _format(error: BaseException) -> str:
    try:
        report = traceback.TracebackException.from_exception(error, compact=True)
        frames = [frame for frame in report.stack if not _is_harness(frame.filename)]
        if frames:
            report.stack = traceback.StackSummary.from_list(frames)
        return "".join(report.format())
    except Exception as broken:
        return f"<the traceback could not be formatted: {broken!r}>\n"


def _is_harness(filename: str) -> bool:
    return filename.startswith((_OWN, "<frozen")) or any(part in filename for part in _HARNESS)
