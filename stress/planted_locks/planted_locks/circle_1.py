"""A module in a circle of imports."""

import planted_locks.circle_0  # noqa: F401
