"""Races of extension modules: each NAME_bug has a race, its twin NAME_ok is correct."""

from ._planted import *  # noqa: F403
