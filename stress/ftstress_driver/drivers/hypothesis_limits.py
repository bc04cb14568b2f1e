"""Hypothesis under stress: few examples, no deadlines, no shrinking, nothing kept on disk.

NumPy's test_make_canonical_hypothesis, 4 threads under TSan: 170 s and 6.7 GB as it is.
"""

import sys
from typing import Any

import pytest

from .pytest_roles import functions_of

MAX_EXAMPLES = 10
PROFILE = "ftstress"


def limit_profile() -> None:
    """Makes the limits the default of tests that state no settings; needs no Hypothesis."""
    hypothesis = sys.modules.get("hypothesis")
    if hypothesis is None:
        return
    hypothesis.settings.register_profile(PROFILE, _limited(hypothesis, hypothesis.settings.default))
    hypothesis.settings.load_profile(PROFILE)


def seed(value: int) -> None:
    """What `--hypothesis-seed` does: all tests of this process draw from `value`."""
    core = sys.modules.get("hypothesis.core")
    if core is not None:
        core.global_force_seed = value  # type: ignore[attr-defined]


def limit_item(item: pytest.Item) -> None:
    """Limits the settings that a test states for itself."""
    hypothesis = sys.modules.get("hypothesis")
    if hypothesis is None:
        return
    for method in functions_of(item):
        function = getattr(method, "__func__", method)
        stated = getattr(function, "_hypothesis_internal_use_settings", None)
        if stated is not None:
            function._hypothesis_internal_use_settings = _limited(hypothesis, stated)


def _limited(hypothesis: Any, settings: Any) -> Any:
    phase = hypothesis.Phase
    return hypothesis.settings(
        settings,
        max_examples=min(settings.max_examples, MAX_EXAMPLES),
        deadline=None,
        database=None,
        derandomize=False,
        phases=[phase.explicit, phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
