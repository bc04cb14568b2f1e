"""Strings that become immortal, and small numbers."""

import sys


def stress(thread_index):
    names = [sys.intern(f"name_{number}") for number in range(300)]
    made = {name: number for number, name in enumerate(names)}
    thing = type("Thing", (), made)
    assert getattr(thing, names[5]) == 5
    del names, made, thing
