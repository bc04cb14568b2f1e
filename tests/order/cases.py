"""All cases, see pairs.py; and the suite of planted races: each bug, and its correct twin."""

import os
import runpy

import calls  # noqa: F401
import handed_over  # noqa: F401
import twins  # noqa: F401
from pairs import ORDERED, RACES

PLANTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../stress/planted/cases")


def planted(file):
    def case():
        stress = runpy.run_path(os.path.join(PLANTED, file))["stress"]
        return lambda: stress(0), lambda: stress(1)

    name = "planted_" + file[: -len(".py")]
    (RACES if name.endswith("_bug") else ORDERED)[name] = case


if any(
    os.path.isdir(os.path.join(place, "planted"))
    for place in os.environ.get("PYTHONPATH", "").split(":")
):
    for file in sorted(os.listdir(PLANTED)):
        if file.endswith(".py"):
            planted(file)
