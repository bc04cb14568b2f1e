"""Options of pytest's plugins that have no part in a run, and are left out with a note.

They come with the suite's `args`, and with the package's own configuration (`addopts`), which is
written for its ordinary tests. ftstress itself starts the threads and processes, shuffles, repeats
and watches the clock; coverage would be of an instrumented program. The plugins are switched off,
or may not be installed at all: pytest would refuse their options.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

OURS = "threads and processes are ftstress's"
ORDER = "ftstress draws the order"
REPEATS = "ftstress repeats the tests"
CLOCK = "ftstress watches the clock: see --timeout"
COVERAGE = "coverage is not measured"
CACHE = "results of other runs are not looked at"
FAILURES = "a test that fails is a finding, and the others go on"

SWITCHED_OFF = (
    *("xdist", "randomly", "rerunfailures", "pytest_cov", "cacheprovider"),
    # A crash is libftstress.so's to handle.
    "faulthandler",
    # They turn what another thread did into a failure of this test.
    *("unraisableexception", "threadexception"),
)
"""Plugins, by the names that `-p no:NAME` takes."""

WITH_VALUE: dict[str, str] = {
    **dict.fromkeys(("-n", "--numprocesses", "--maxprocesses", "--max-worker-restart"), OURS),
    **dict.fromkeys(("--dist", "--tx", "--px", "--rsyncdir", "--rsyncignore"), OURS),
    **dict.fromkeys(("--testrunuid", "--parallel-threads", "--iterations"), OURS),
    **dict.fromkeys(("--skip-thread-unsafe", "--maxschedchunk"), OURS),
    "--randomly-seed": ORDER,
    **dict.fromkeys(("--reruns", "--reruns-delay", "--only-rerun", "--rerun-except"), REPEATS),
    **dict.fromkeys(("--timeout", "--timeout-method", "--session-timeout"), CLOCK),
    **dict.fromkeys(("--cov", "--cov-report", "--cov-config", "--cov-context"), COVERAGE),
    **dict.fromkeys(("--cov-fail-under", "--cov-precision"), COVERAGE),
    **dict.fromkeys(("--last-failed-no-failures", "--lfnf"), CACHE),
    "--maxfail": FAILURES,
}
FLAGS: dict[str, str] = {
    **dict.fromkeys(("-d", "-f", "--looponfail", "--boxed", "--forked", "--forever"), OURS),
    **dict.fromkeys(("--loadscope-reorder", "--no-loadscope-reorder"), OURS),
    **dict.fromkeys(("--randomly-dont-reset-seed", "--randomly-dont-reorganize"), ORDER),
    **dict.fromkeys(("--cov-branch", "--cov-append", "--cov-reset"), COVERAGE),
    **dict.fromkeys(("--no-cov", "--no-cov-on-fail"), COVERAGE),
    **dict.fromkeys(("--lf", "--last-failed", "--ff", "--failed-first", "--nf"), CACHE),
    **dict.fromkeys(("--new-first", "--cache-clear", "--sw", "--stepwise"), CACHE),
    **dict.fromkeys(("-x", "--exitfirst"), FAILURES),
    **dict.fromkeys(("--sw-skip", "--stepwise-skip", "--sw-reset", "--stepwise-reset"), CACHE),
}
OPTIONAL_VALUE = {"--cov"}


class LeftOut:
    """A plugin that takes the options out, and remembers them."""

    def __init__(self) -> None:
        self._given: dict[str, list[str]] = {}

    def notes(self) -> list[str]:
        """One line for each reason."""
        return [
            f"pytest runs without {', '.join(dict.fromkeys(options))}: {reason}"
            for reason, options in self._given.items()
        ]

    def strip(self, words: Sequence[str]) -> list[str]:
        """`words` without the options that have no part here, and without their values."""
        left: list[str] = []
        rest = [word for given in words for word in _one_by_one(given)]
        while rest:
            if rest[0] == "--":
                return left + rest
            count, reason = _recognize(rest)
            if reason is None:
                left += rest[:count]
            else:
                self._given.setdefault(reason, []).append(" ".join(rest[:count]))
            del rest[:count]
        return left

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_parse(self, pluginmanager: Any) -> None:
        """What pytest reads from `addopts`, of whatever file, goes through strip()."""
        config = pluginmanager.get_plugin("pytestconfig")
        validate: Callable[[list[str], str], list[str]] = config._validate_args
        config._validate_args = lambda words, via: validate(self.strip(words), via)

    def pytest_addoption(self, parser: pytest.Parser) -> None:
        """Settings of the plugins that are switched off are no mistakes (--strict-config)."""
        for name in ("cache_dir", "faulthandler_timeout", "faulthandler_exit_on_timeout"):
            parser.addini(name, "not used by ftstress", default=None)


def _one_by_one(word: str) -> list[str]:
    """`-xvs` is three flags."""
    if re.fullmatch(r"-[hlqsvx]{2,}", word):
        return [f"-{letter}" for letter in word[1:]]
    return [word]


def _recognize(words: Sequence[str]) -> tuple[int, str | None]:
    """How many of `words` are one option, and why it is left out (None: it is not)."""
    word = words[0]
    following = words[1] if len(words) > 1 else None
    if word.startswith("-p"):
        name = word[2:] or following or ""
        count = 1 if word[2:] else 2
        off = name.partition(".")[0]
        return count, _reason_of_plugin(off)
    if not word.startswith("--"):
        if word in FLAGS:
            return 1, FLAGS[word]
        reason = WITH_VALUE.get(word[:2])
        return (2 if word == word[:2] and reason else 1), reason
    name, equals, _ = word.partition("=")
    if name in FLAGS:
        return 1, FLAGS[name]
    reason = WITH_VALUE.get(name)
    if reason is None or equals or following is None:
        return 1, reason
    alone = name in OPTIONAL_VALUE and following.startswith("-")
    return (1 if alone else 2), reason


def _reason_of_plugin(name: str) -> str | None:
    """Why `-p NAME` is left out: it would switch the plugin on again."""
    reasons = {"xdist": OURS, "randomly": ORDER, "rerunfailures": REPEATS, "pytest_cov": COVERAGE}
    reasons |= {"pytest_randomly": ORDER, "pytest_rerunfailures": REPEATS, "cacheprovider": CACHE}
    reasons |= {"pytest_timeout": CLOCK}
    return reasons.get(name)
