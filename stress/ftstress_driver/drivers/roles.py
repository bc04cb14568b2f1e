"""Roles: functions of one test that threads run against each other, one role a thread.

Where each thread does everything in turn, one function hides another's bug: here bump() forgets
the lock, and it is read() that orders the threads, since its lock comes after every bump().

    each thread does both             one role a thread
    T1  bump()                        T1  bump()
    T1  read()  unlock ─┐
    T2          lock  ◄─┘ read()      T2  bump() or read(): nothing is between
    T2  bump()  is ordered after T1's

Each pair of roles is a test of its own, and each role with itself, so that findings, replay and
`skip` name the roles.
"""

import random
from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import TypeVar

Role = TypeVar("Role")

SEPARATOR = "+"
"""Between the names of two roles in the id of their test."""


def pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Each two of the names, whatever their order, and each with itself; sorted, so that ids do
    not depend on the order in a file."""
    return list(combinations_with_replacement(sorted(names), 2))


def deal(roles: Sequence[Role], threads: int, rng: random.Random) -> list[Role]:
    """Each thread's role. They are dealt in turn; `rng` says which is the first, so that of three
    threads two may have either."""
    first = rng.randrange(len(roles)) if len(roles) > 1 else 0
    return [roles[(first + thread) % len(roles)] for thread in range(threads)]
