"""The kinds of suite. A new one is a file and a line here.

These modules import nothing of the test framework that they drive before Driver.open().
"""

from ..suite import Driver
from . import pairs_driver, pytest_driver, script_driver, unittest_driver

DRIVERS: list[Driver] = [
    pairs_driver.DRIVER,
    pytest_driver.DRIVER,
    script_driver.DRIVER,
    unittest_driver.DRIVER,
]


def find_driver(name: str) -> Driver:
    return next(driver for driver in DRIVERS if driver.name == name)
