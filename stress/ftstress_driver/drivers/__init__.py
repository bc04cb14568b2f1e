"""The kinds of suite. A new one is a file and a line in list.txt.

These modules import nothing of the test framework that they drive before Driver.open().
"""

import importlib
from pathlib import Path

from ..suite import Driver


def _listed() -> list[str]:
    text = Path(__file__).with_name("list.txt").read_text(encoding="utf-8")
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return [words[0] for words in lines if words]


DRIVER_NAMES = _listed()


def find_driver(name: str) -> Driver:
    driver = importlib.import_module(f"{__name__}.{name}_driver").DRIVER
    assert isinstance(driver, Driver), f"{name}_driver.DRIVER is no Driver"
    return driver
