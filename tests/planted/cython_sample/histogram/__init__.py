"""How often each byte occurs in what was added."""

from ._histogram import Histogram_bug, Histogram_ok, first_bug, first_ok, size_bug, size_ok

__all__ = ["Histogram_bug", "Histogram_ok", "first_bug", "first_ok", "size_bug", "size_ok"]
