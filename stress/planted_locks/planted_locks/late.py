"""A module that does something while it is imported."""

import planted_locks

planted_locks.on_import()
