"""TAP for test programs in Python: a line for each promise, the plan at the end.

    tap.ok(found == wanted, "every bug is found", sorted(wanted - found))
    sys.exit(tap.done())

Lines are flushed at once, so that `prove` names the promise that a stuck test came after.
"""

_results: list[bool] = []


def ok(passed: bool, promise: str, *why: object) -> bool:
    """Tells whether a promise was kept; `why` is told only if it was not. Returns `passed`."""
    _line(passed, promise)
    if not passed:
        for reason in why:
            comment(reason)
    return passed


def skip(promise: str, reason: str) -> None:
    """The promise was not looked at."""
    _line(True, f"{promise} # SKIP {reason}")


def comment(text: object) -> None:
    """Each line of `text`, for who reads the output."""
    for line in str(text).splitlines():
        print(f"#   {line}", flush=True)


def done() -> int:
    """Prints the plan; returns the exit status of the program. No promise at all is a failure."""
    print(f"1..{len(_results)}", flush=True)
    return 0 if _results and all(_results) else 1


def _line(passed: bool, text: str) -> None:
    _results.append(passed)
    word = "ok" if passed else "not ok"
    print(f"{word} {len(_results)} - {text}", flush=True)
