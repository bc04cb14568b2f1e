"""Hypothesis under stress: few examples, no deadlines, no shrinking, nothing kept on disk.

NumPy's test_make_canonical_hypothesis, 4 threads under TSan: 170 s and 6.7 GB as it is.
"""

import sys
from typing import Any

import pytest

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
    function = getattr(item, "function", None)
    stated = getattr(function, "_hypothesis_internal_use_settings", None)
    if hypothesis is None or stated is None:
        return
    function._hypothesis_internal_use_settings = _limited(  # type: ignore[union-attr]
        hypothesis, stated
    )


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
