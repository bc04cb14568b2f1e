"""A module in a circle of imports."""

import planted_locks.circle_1  # noqa: F401
