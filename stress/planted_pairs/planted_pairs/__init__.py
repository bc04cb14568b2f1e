"""Types for two threads: NAME_bug has a fault in a pair of its operations, NAME_ok has none."""

from ._c import (
    Calls_bug,
    Calls_ok,
    Drain_bug,
    Drain_ok,
    Parser_bug,
    Parser_ok,
    Pot_bug,
    Pot_ok,
    Slots_bug,
    Slots_ok,
    Tickets_bug,
    Tickets_ok,
    Walk_bug,
    Walk_ok,
    total_bug,
    total_ok,
)
from ._cpp import Handle_bug, Handle_ok, OneSide_bug, OneSide_ok
from ._cython import Field_bug, Field_ok, Lazy_bug, Lazy_ok

__all__ = [
    "Calls_bug",
    "Calls_ok",
    "Drain_bug",
    "Drain_ok",
    "Field_bug",
    "Field_ok",
    "Handle_bug",
    "Handle_ok",
    "Lazy_bug",
    "Lazy_ok",
    "OneSide_bug",
    "OneSide_ok",
    "Parser_bug",
    "Parser_ok",
    "Pot_bug",
    "Pot_ok",
    "Slots_bug",
    "Slots_ok",
    "Tickets_bug",
    "Tickets_ok",
    "Walk_bug",
    "Walk_ok",
    "total_bug",
    "total_ok",
]
